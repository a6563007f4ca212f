namespace Sophia.Gpu.Vectors;

/// <summary>One query, row after row: scores with their bounds (<see cref="PreparedQuery"/>), of which those are kept that may be among the best.</summary>
internal static unsafe class RowScan
{
    private const int RowsAhead = 4;

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
                var score = TKernels.Dot(row, query.Pointer, stride);
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
        for (var i = 0; i < slots.Length; i++)
        {
            if (i + RowsAhead < slots.Length)
            {
                Prefetch((byte*)pages.OriginalOf(slots[i + RowsAhead]), stride * sizeof(float));
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
            var scales = pages.Scales(page);
            var errors = pages.Errors(page);
            var owners = pages.Owners(page);
            var count = pages.RowsOf(page);
            var first = page * pages.RowsPerPage;
            for (var place = 0; place < count; place++, codes += stride)
            {
                var score = TKernels.Dot(codes, query.Codes, stride) * (unit * scales[place]);
                var bound = (slope * errors[place]) + offset;
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
        for (var i = 0; i < slots.Length; i++)
        {
            if (i + RowsAhead < slots.Length)
            {
                var ahead = slots[i + RowsAhead];
                Prefetch((byte*)pages.CodesOf(ahead), stride);
                Prefetch((byte*)pages.ScaleOf(ahead), 1);
                Prefetch((byte*)pages.ErrorOf(ahead), 1);
            }

            var slot = slots[i];
            var score = TKernels.Dot(pages.CodesOf(slot), query.Codes, stride) * (unit * *pages.ScaleOf(slot));
            var bound = (slope * *pages.ErrorOf(slot)) + offset;
            if (score + bound >= certain.Threshold && Volatile.Read(ref *pages.OwnerOf(slot)) >= 0 &&
                !certain.Offer(slot, score - bound, score + bound))
            {
                return false;
            }
        }

        return true;
    }

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
