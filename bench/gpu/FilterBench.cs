using System.Globalization;
using System.Numerics;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Bench.Gpu;

/// <summary>Scans with filters that let random rows pass, beside the same without filters: rows that no query wants are not read.</summary>
internal static class FilterBench
{
    /// <summary>Less than so much stands, in the repeats, in the device's own cache in part: its share of the memory's bandwidth would say nothing.</summary>
    private const long MostInCache = 1L << 30;

    /// <param name="many">Queries at once, each with a filter of its own.</param>
    /// <param name="readBandwidth">Bytes per second of the read-sum kernel; null where that could not be measured.</param>
    public static void Run(IlgpuDevice device, Arguments arguments, RowKind kind, int rows, int many, double? readBandwidth, Report report)
    {
        using var stored = new StoredRows(device, kind, StoredRows.Fitting(device, kind, rows, arguments.Dimensions), arguments.Dimensions);
        var queries = new Queries(device, stored, arguments, many);
        foreach (var (count, shares) in ((int, double[])[])[(1, [0.01, 0.5]), (many, [0.01])])
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{(count == 1 ? "one query" : $"{count} queries")}, {ScanBench.NameOf(kind)}");
            TimeSpan? without = null;
            report.Try($"{name}, no filter", () => without = Measure($"{name}, no filter", new ulong[]?[count]));
            foreach (var share in shares)
            {
                var filtered = string.Create(CultureInfo.InvariantCulture, $"{name}, {(count == 1 ? "a filter" : "filters")} of {share * 100:F0} %");
                report.Try(filtered, () =>
                {
                    var filters = new ulong[count][];
                    Parallel.For(0, count, i => filters[i] = Random(stored.Pages.Rows, share));
                    var median = Measure(filtered, filters);
                    if (!arguments.OnCpu && without is { } all)
                    {
                        report.Note(string.Create(CultureInfo.InvariantCulture, $"{filtered}: {median / all:F3} of the time without."));
                    }
                });
            }
        }

        TimeSpan Measure(string name, ulong[]?[] filters)
        {
            var (times, failure) = queries.Measure(filters, report);
            var bytes = Wanted(filters, stored.Pages.Rows) * stored.BytesOfOne;
            report.Add(new Line(
                name, stored.Pages.Rows, arguments.Dimensions, bytes, times, arguments.OnCpu || bytes < MostInCache ? null : bytes / times.Median.TotalSeconds / readBandwidth, null, failure));
            return times.Median;
        }
    }

    /// <summary>A bit for each row, with the probability given, and of one row at least.</summary>
    public static ulong[] Random(int rows, double share)
    {
        var filter = new ulong[(rows + 63) / 64];
        var certain = System.Random.Shared.Next(rows);
        for (var row = 0; row < rows; row++)
        {
            filter[row / 64] |= row == certain || System.Random.Shared.NextDouble() < share ? 1UL << (row % 64) : 0;
        }

        return filter;
    }

    /// <summary>Rows that any query wants.</summary>
    private static long Wanted(ulong[]?[] filters, int rows) =>
        filters[0] is null ? rows : Enumerable.Range(0, filters[0]!.Length).Sum(word => (long)BitOperations.PopCount(filters.Aggregate(0UL, (any, filter) => any | filter![word])));
}
