using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// The exact search of many queries in one pass over the pages: as <see cref="VectorScan"/> for each of them, but every row
/// is read once, and multiplied with all queries while it is in the nearest cache.
/// </summary>
internal static class BatchScan
{
    /// <summary>Of all rows.</summary>
    public static void Run(VectorPages.Lease pages, PreparedQuery[] queries, int[] capacities, TopRows[] tops, CancellationToken cancellationToken)
    {
        var all = new int[queries.Length];
        Array.Fill(all, pages.Used);
        Run(pages, queries, new ulong[]?[queries.Length], all, capacities, tops, cancellationToken);
    }

    /// <param name="filters">By query, a bit for each slot that passes; null for all.</param>
    /// <param name="matching">By query, how many slots pass.</param>
    /// <param name="capacities">Rows wanted, by query.</param>
    /// <param name="tops">By query; take rows and exact scores.</param>
    public static void Run(
        VectorPages.Lease pages, PreparedQuery[] queries, ulong[]?[] filters, int[] matching, int[] capacities, TopRows[] tops, CancellationToken cancellationToken)
    {
        switch (pages.Path)
        {
            case VectorPath.Avx512:
                Run<Avx512Kernels>(pages, queries, filters, matching, capacities, tops, cancellationToken);
                break;
            case VectorPath.Avx2:
                Run<Avx2Kernels>(pages, queries, filters, matching, capacities, tops, cancellationToken);
                break;
            default:
                Run<PortableKernels>(pages, queries, filters, matching, capacities, tops, cancellationToken);
                break;
        }
    }

    private static void Run<TKernels>(
        VectorPages.Lease pages, PreparedQuery[] queries, ulong[]?[] filters, int[] matching, int[] capacities, TopRows[] tops, CancellationToken cancellationToken)
        where TKernels : struct, IKernels
    {
        // Those for which codes are worth it first; what they leave in doubt joins the rest.
        var left = new List<int>(queries.Length);
        var coded = new List<int>(queries.Length);
        var limits = new int[queries.Length];
        for (var i = 0; i < queries.Length; i++)
        {
            limits[i] = VectorScan.LimitOf(pages, Math.Min(matching[i], pages.Used), capacities[i]);
            (limits[i] > 0 ? coded : left).Add(i);
        }

        VectorMeters.Count(ScanKind.Float32, left.Count);
        if (coded.Count > 0)
        {
            var before = left.Count;
            left.AddRange(Scan<TKernels>(byCodes: true, pages, queries, filters, coded, capacities, limits, tops, cancellationToken));
            VectorMeters.Count(ScanKind.TakenOver, left.Count - before);
            VectorMeters.Count(ScanKind.Certified, coded.Count - (left.Count - before));
        }

        if (left.Count > 0)
        {
            Array.Fill(limits, int.MaxValue);
            Scan<TKernels>(byCodes: false, pages, queries, filters, left, capacities, limits, tops, cancellationToken);
        }
    }

    /// <summary>Returns the queries that it gave up.</summary>
    private static List<int> Scan<TKernels>(
        bool byCodes, VectorPages.Lease pages, PreparedQuery[] queries, ulong[]?[] filters, List<int> chosen, int[] capacities, int[] limits, TopRows[] tops,
        CancellationToken cancellationToken)
        where TKernels : struct, IKernels
    {
        var batch = new PreparedQuery[chosen.Count];
        for (var i = 0; i < batch.Length; i++)
        {
            batch[i] = queries[chosen[i]];
        }

        long rowBytes = byCodes ? pages.CodeStride : pages.Stride * sizeof(float);
        var shares = ScanShares.For(pages.Used * rowBytes * batch.Length);
        using var packed = new PackedQueries(batch, pages.Stride, byCodes ? pages.CodeStride : 0, byCodes && TKernels.HasCoarse);
        var tiles = new TileScan<TKernels>[shares];
        var reached = new float[batch.Length];
        Array.Fill(reached, float.NegativeInfinity);
        try
        {
            for (var share = 0; share < shares; share++)
            {
                tiles[share] = new TileScan<TKernels>(pages, packed, batch, [.. chosen.Select(i => filters[i])], [.. chosen.Select(i => new CertainRows(capacities[i], limits[i]))], reached, byCodes);
            }

            ScanShares.Run(shares, pages.Pages, rowBytes * pages.RowsPerPage, (share, from, to) =>
            {
                for (var page = from; page < to; page++)
                {
                    tiles[share].Scan(page);
                }

                return true;
            }, cancellationToken);
            var isCertain = new bool[batch.Length];
            void Finish(int i)
            {
                var first = tiles[0].Certain[i];
                isCertain[i] = !first.IsOverLimit;
                for (var share = 1; isCertain[i] && share < shares; share++)
                {
                    isCertain[i] = !tiles[share].Certain[i].IsOverLimit && first.Unite(tiles[share].Certain[i]);
                }

                if (isCertain[i] &= first.Prune())
                {
                    VectorScan.Rescore(pages, batch[i], first, tops[chosen[i]], isOneOfMany: true);
                }
            }

            Parallel.For(0, batch.Length, new ParallelOptions { MaxDegreeOfParallelism = shares, CancellationToken = cancellationToken }, Finish);
            return [.. chosen.Where((_, i) => !isCertain[i])];
        }
        finally
        {
            foreach (var tile in tiles)
            {
                tile?.Dispose();
            }
        }
    }
}
