namespace Sophia.Gpu.Vectors;

/// <summary>One query, row after row: scores with their bounds (<see cref="PreparedQuery"/>), of which those are kept that may be among the best.</summary>
internal static unsafe class RowScan
{
    private const int LeastRowsAhead = 4;
    private const int MostRowsAhead = 16;
    private const int BytesAhead = 4096;

    /// <summary>In float32, of whole pages; false when too many remain in doubt.</summary>
    public static bool Floats<TKernels>(in VectorPages.Lease pages, int fromPage, int toPage, PreparedQuery query, CertainRows certain)
        where TKernels : struct, IKernels
    {
        var stride = pages.Stride;
        var bound = query.FloatBound;
        for (var page = fromPage; page < toPage; page++)
        {
            var row = pages.Originals(page);
            var owners = pages.Owners(page);
            var count = pages.RowsOf(page);
            var first = page * pages.RowsPerPage;
            for (var place = 0; place < count; place++, row += stride)
            {
                var score = TKernels.DotAhead(row, query.Pointer, stride);
                if (score + bound >= certain.Threshold && Volatile.Read(ref owners[place]) >= 0 &&
                    !certain.Offer(first + place, score - bound, score + bound))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>In float32, of the slots that the filter chose; false when too many remain in doubt.</summary>
    public static bool Floats<TKernels>(in VectorPages.Lease pages, ReadOnlySpan<int> slots, PreparedQuery query, CertainRows certain)
        where TKernels : struct, IKernels
    {
        var stride = pages.Stride;
        var bound = query.FloatBound;
        var rowsAhead = RowsAhead(stride * sizeof(float));
        for (var i = 0; i < slots.Length; i++)
        {
            if (i + rowsAhead < slots.Length)
            {
                Prefetch((byte*)pages.OriginalOf(slots[i + rowsAhead]), stride * sizeof(float));
            }

            var slot = slots[i];
            var score = TKernels.Dot(pages.OriginalOf(slot), query.Pointer, stride);
            if (score + bound >= certain.Threshold && Volatile.Read(ref *pages.OwnerOf(slot)) >= 0 &&
                !certain.Offer(slot, score - bound, score + bound))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>By codes, of whole pages; false when too many remain in doubt.</summary>
    public static bool Codes<TKernels>(in VectorPages.Lease pages, int fromPage, int toPage, PreparedQuery query, CertainRows certain)
        where TKernels : struct, IKernels
    {
        var stride = pages.CodeStride;
        var (unit, slope, offset) = (query.Scale, query.Slope, query.Offset);
        for (var page = fromPage; page < toPage; page++)
        {
            var codes = pages.Codes(page);
            var bounds = pages.Bounds(page);
            var owners = pages.Owners(page);
            var count = pages.RowsOf(page);
            var first = page * pages.RowsPerPage;
            if (page + 1 < toPage)
            {
                // They lie behind the codes, and are needed from the first row on.
                Prefetch((byte*)pages.Bounds(page + 1), pages.RowsPerPage * sizeof(RowBound));
            }

            for (var place = 0; place < count; place++, codes += stride)
            {
                var score = TKernels.DotAhead(codes, query.Codes, stride) * (unit * bounds[place].Scale);
                var bound = (slope * bounds[place].Error) + offset;
                if (score + bound >= certain.Threshold && Volatile.Read(ref owners[place]) >= 0 &&
                    !certain.Offer(first + place, score - bound, score + bound))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>By codes, of the slots that the filter chose; false when too many remain in doubt.</summary>
    public static bool Codes<TKernels>(in VectorPages.Lease pages, ReadOnlySpan<int> slots, PreparedQuery query, CertainRows certain)
        where TKernels : struct, IKernels
    {
        var stride = pages.CodeStride;
        var (unit, slope, offset) = (query.Scale, query.Slope, query.Offset);
        var rowsAhead = RowsAhead(stride);
        for (var i = 0; i < slots.Length; i++)
        {
            if (i + rowsAhead < slots.Length)
            {
                pages.Find(slots[i + rowsAhead], out var nextCodes, out var nextBound, out _);
                Prefetch((byte*)nextCodes, stride);
                Prefetch((byte*)nextBound, 1);
            }

            pages.Find(slots[i], out var codes, out var row, out var owner);
            var score = TKernels.Dot(codes, query.Codes, stride) * (unit * row->Scale);
            var bound = (slope * row->Error) + offset;
            if (score + bound >= certain.Threshold && Volatile.Read(ref *owner) >= 0 && !certain.Offer(slots[i], score - bound, score + bound))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Of short rows more are under way at once.</summary>
    private static int RowsAhead(int rowBytes) => Math.Clamp(BytesAhead / rowBytes, LeastRowsAhead, MostRowsAhead);

    public static void Prefetch(byte* row, int bytes)
    {
        if (System.Runtime.Intrinsics.X86.Sse.IsSupported)
        {
            for (var i = 0; i < bytes; i += 64)
            {
                System.Runtime.Intrinsics.X86.Sse.Prefetch0(row + i);
            }
        }
    }
}
