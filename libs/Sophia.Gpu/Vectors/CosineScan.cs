using Sophia.Gpu.Shards;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// The exact scan: the cosine of the query with every row that passes the filter. Large scans are spread over the
/// processors, a share of the pages and a heap of their own for each.
/// </summary>
internal static unsafe class CosineScan
{
    /// <summary>Below this a scan takes less time than handing it out.</summary>
    private const long FloatsWorthSharing = 4L << 20;

    /// <param name="query">As <see cref="VectorPages.Prepare"/> made it.</param>
    /// <param name="rows">The rows that pass; null for all.</param>
    /// <returns>How many distances were computed.</returns>
    public static long Run(
        VectorPages.Lease pages, ReadOnlyMemory<float> query, RowSet? rows, TopRows top, Func<TopRows> makeTop, CancellationToken cancellationToken)
    {
        var shares = (long)pages.Used * pages.Stride < FloatsWorthSharing ? 1 : Math.Min(Environment.ProcessorCount, pages.Pages);
        if (shares == 1)
        {
            return Scan(pages, 0, pages.Pages, query.Span, rows, top, cancellationToken);
        }

        var tops = new TopRows[shares];
        long scanned = 0;
        Parallel.For(0, shares, new ParallelOptions { CancellationToken = cancellationToken }, share =>
        {
            var mine = tops[share] = makeTop();
            var from = (int)((long)pages.Pages * share / shares);
            var to = (int)((long)pages.Pages * (share + 1) / shares);
            Interlocked.Add(ref scanned, Scan(pages, from, to, query.Span, rows, mine, cancellationToken));
        });
        foreach (var part in tops)
        {
            top.OfferAll(part);
        }

        return scanned;
    }

    private static long Scan(
        VectorPages.Lease pages, int fromPage, int toPage, ReadOnlySpan<float> query, RowSet? rows, TopRows top, CancellationToken cancellationToken)
    {
        long scanned = 0;
        var stride = pages.Stride;
        fixed (float* q = query)
        {
            for (var page = fromPage; page < toPage; page++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var slot = page * pages.RowsPerPage;
                var end = Math.Min(slot + pages.RowsPerPage, pages.Used);
                for (var row = pages.Page(page); slot < end; slot++, row += stride)
                {
                    var owner = pages.RowOf(slot);
                    if (owner >= 0 && (rows is null || rows.Contains(owner)))
                    {
                        top.Offer(owner, DotProduct.Fast(q, row, stride));
                        scanned++;
                    }
                }
            }
        }

        return scanned;
    }
}
