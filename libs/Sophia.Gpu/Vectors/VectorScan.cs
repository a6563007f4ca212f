using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// The exact search of one query. With codes: bounds from the codes (a quarter of the bytes), then the originals of the rows
/// in doubt, in double precision. If more than 5 % of the rows would be left in doubt, or there are no codes, or few rows:
/// every row in float32, and the rows that its rounding leaves in doubt likewise. So the best rows are those of a scan in
/// double precision.
/// </summary>
internal static class VectorScan
{
    /// <summary>The part of the rows that may be scored again before float32 takes over: 1 in 20.</summary>
    public const int MostInDoubt = 20;

    /// <summary>So many times the rows asked for may be scored again in any case.</summary>
    private const int DoubtsPerRow = 4;

    private const int RowsAhead = 4;
    private const int MostPrefetched = 1024;

    /// <param name="slots">Those that pass the filter; null for all.</param>
    /// <param name="capacity">Rows wanted.</param>
    /// <param name="top">Takes rows and exact scores.</param>
    public static ScanKind Run(
        VectorPages.Lease pages, PreparedQuery query, ReadOnlyMemory<int>? slots, TopRows top, int capacity, CancellationToken cancellationToken)
    {
        var kind = pages.Path switch
        {
            VectorPath.Avx512 => Run<Avx512Kernels>(pages, query, slots, top, capacity, cancellationToken),
            VectorPath.Avx2 => Run<Avx2Kernels>(pages, query, slots, top, capacity, cancellationToken),
            _ => Run<PortableKernels>(pages, query, slots, top, capacity, cancellationToken),
        };
        VectorMeters.Count(kind);
        return kind;
    }

    /// <summary>How many rows may be left in doubt by codes; 0 when a scan by codes is not worth it.</summary>
    public static int LimitOf(in VectorPages.Lease pages, int rows, int capacity)
    {
        var limit = Math.Max(rows / MostInDoubt, capacity * DoubtsPerRow);
        return pages.CodeStride > 0 && limit <= rows / 2 ? limit : 0;
    }

    /// <summary>
    /// Offers the rows in doubt with their exact scores, first those that raised the threshold: the last of the best then has an
    /// exact score, which leaves fewer of the others in doubt than their lower bounds did.
    /// A row that went meanwhile, or that scores less than it was certain to, has raised the threshold for nothing, and a row
    /// that was left out may belong in its place: it counts as lost.
    /// </summary>
    /// <param name="isOneOfMany">Others are scored at the same time, so that the processors have enough to do.</param>
    public static void Rescore(VectorPages.Lease pages, PreparedQuery query, CertainRows certain, TopRows top, bool isOneOfMany = false)
    {
        var best = certain.PutBestFirst();
        var bytes = (long)pages.Stride * sizeof(float);
        var shares = isOneOfMany ? 1 : ScanShares.For(certain.Count * bytes);
        if (shares == 1)
        {
            Rescore(pages, query, certain, 0, certain.Count, best, top);
            return;
        }

        var parts = new TopRows[shares];
        for (var i = 0; i < shares; i++)
        {
            parts[i] = top.Another();
        }

        ScanShares.Run(shares, certain.Count, bytes, (share, from, to) =>
        {
            Rescore(pages, query, certain, from, to, best, parts[share]);
            return true;
        }, CancellationToken.None);
        foreach (var part in parts)
        {
            top.TakeIn(part);
        }
    }

    /// <param name="best">So many of the rows, the first ones, raised the threshold: they are looked at in any case.</param>
    private static unsafe void Rescore(in VectorPages.Lease pages, PreparedQuery query, CertainRows certain, int from, int to, int best, TopRows top)
    {
        var rows = certain.Rows;
        var scored = 0;
        for (var i = from; i < to; i++)
        {
            var ahead = i + RowsAhead;
            if (ahead < to && (ahead < best || rows[ahead].Upper >= top.Worst))
            {
                RowScan.Prefetch((byte*)pages.OriginalOf(rows[ahead].Slot), Math.Min(pages.Stride * sizeof(float), MostPrefetched));
            }

            if (i >= best && rows[i].Upper < top.Worst)
            {
                continue;
            }

            scored++;
            var owner = Volatile.Read(ref *pages.OwnerOf(rows[i].Slot));
            if (owner < 0)
            {
                top.Lost++;
                continue;
            }

            if (!pages.IsIntact(rows[i].Slot))
            {
                top.Suspect(rows[i].Slot);
                continue;
            }

            var score = DotProduct.Exact(query.Floats, new ReadOnlySpan<float>(pages.OriginalOf(rows[i].Slot), pages.Stride));
            top.Lost += score < rows[i].Lower ? 1 : 0;
            top.Offer(owner, score);
        }

        VectorMeters.Rescored.Add(scored);
    }

    private static ScanKind Run<TKernels>(
        VectorPages.Lease pages, PreparedQuery query, ReadOnlyMemory<int>? slots, TopRows top, int capacity, CancellationToken cancellationToken)
        where TKernels : struct, IKernels
    {
        var limit = LimitOf(pages, slots?.Length ?? pages.Used, capacity);
        if (limit > 0 && TryScan<TKernels>(byCodes: true, limit, pages, query, slots, top, capacity, cancellationToken))
        {
            return ScanKind.Certified;
        }

        TryScan<TKernels>(byCodes: false, int.MaxValue, pages, query, slots, top, capacity, cancellationToken);
        return limit > 0 ? ScanKind.TakenOver : ScanKind.Float32;
    }

    private static bool TryScan<TKernels>(
        bool byCodes, int limit, VectorPages.Lease pages, PreparedQuery query, ReadOnlyMemory<int>? slots, TopRows top, int capacity, CancellationToken cancellationToken)
        where TKernels : struct, IKernels
    {
        long rowBytes = byCodes ? pages.CodeStride : pages.Stride * sizeof(float);
        var shares = ScanShares.For((slots?.Length ?? pages.Used) * rowBytes);
        var parts = new CertainRows[shares];
        for (var i = 0; i < shares; i++)
        {
            parts[i] = new CertainRows(capacity, limit);
        }

        try
        {
            var threshold = float.NegativeInfinity;
            var isCertain = true;
            ScanShares.Run(shares, slots?.Length ?? pages.Pages, slots is null ? rowBytes * pages.RowsPerPage : rowBytes, (share, from, to) =>
            {
                var part = parts[share];
                part.Raise(Volatile.Read(ref threshold));
                if (!Scan<TKernels>(byCodes, pages, slots, from, to, query, part))
                {
                    Volatile.Write(ref isCertain, false);
                    return false;
                }

                // A lost race leaves a lower threshold, which is right too.
                Volatile.Write(ref threshold, Math.Max(Volatile.Read(ref threshold), part.Threshold));
                return Volatile.Read(ref isCertain);
            }, cancellationToken);
            for (var i = 1; isCertain && i < shares; i++)
            {
                isCertain = parts[0].Unite(parts[i]);
            }

            if (!isCertain || !parts[0].Prune())
            {
                return false;
            }

            Rescore(pages, query, parts[0], top);
            return true;
        }
        finally
        {
            foreach (var part in parts)
            {
                part.Dispose();
            }
        }
    }

    private static bool Scan<TKernels>(
        bool byCodes, in VectorPages.Lease pages, ReadOnlyMemory<int>? slots, int from, int to, PreparedQuery query, CertainRows part)
        where TKernels : struct, IKernels => slots is { } chosen
        ? byCodes
            ? RowScan.Codes<TKernels>(pages, chosen.Span[from..to], query, part)
            : RowScan.Floats<TKernels>(pages, chosen.Span[from..to], query, part)
        : byCodes
            ? RowScan.Codes<TKernels>(pages, from, to, query, part)
            : RowScan.Floats<TKernels>(pages, from, to, query, part);
}
