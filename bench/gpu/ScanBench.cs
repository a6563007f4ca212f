using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Bench.Gpu;

/// <summary>Scans of random rows: how long, and whether right.</summary>
internal static class ScanBench
{
    /// <summary>So many queries at once are compared with the reference where there are many rows.</summary>
    private const int MostCompared = 4;
    private const int MostRowsForAll = 1_000_000;

    /// <param name="queries">At once.</param>
    /// <param name="target">The fraction of the read bandwidth that is asked for.</param>
    /// <param name="readBandwidth">Bytes per second of the read-sum kernel; null where that could not be measured.</param>
    /// <returns>The median.</returns>
    public static TimeSpan Run(
        IlgpuDevice device, Arguments arguments, RowKind kind, int rows, int queries, string name, double? target, double? readBandwidth, Report report)
    {
        // A tenth stays for what the scan keeps.
        rows = Math.Min(rows, StoredRows.RowsIn(device.FreeBytes / 10 * 9, kind, arguments.Dimensions));
        using var stored = new StoredRows(device, kind, rows, arguments.Dimensions);
        var vectors = Enumerable.Range(0, queries).Select(_ => RandomQuery(arguments.Dimensions)).ToArray();
        var asked = vectors.Select(v => ScanQuery.Of(kind, v, stored.Pages.RowBytes)).ToArray();
        IReadOnlyList<BestRows> answer = [];
        var (median, p99) = Timing.Of(arguments.Repeats, () =>
        {
            using var scan = device.Scanner.Begin(asked, null, arguments.Best);
            scan.Scan(stored.Memory, stored.Pages);
            answer = scan.Finish();
        });
        var tiles = ((IlgpuScanner)device.Scanner).Tiles;
        string? failure = null;
        var compared = rows > MostRowsForAll ? Math.Min(queries, MostCompared) : queries;
        for (var n = 0; failure is null && n < compared; n++)
        {
            // Spread from the first to the last: the columns of the tiles are computed by different lanes and warps.
            var i = compared == 1 ? 0 : n * (queries - 1) / (compared - 1);
            var taken = queries > 1 && kind != RowKind.Floats && tiles.Failure is null ? asked[i].ForTiles()! : asked[i];
            failure = Reference.Compare(stored, vectors[i], taken, answer[i], arguments.Best);
        }

        if (queries > 1 && tiles.Failure is { } without)
        {
            report.Note($"{name}, {NameOf(kind)}: without tensor cores, since {without}.");
        }

        report.Add(new Line(
            $"{name}, {NameOf(kind)}", rows, arguments.Dimensions, stored.Bytes, median, p99,
            arguments.OnCpu ? null : stored.Bytes / median.TotalSeconds / readBandwidth, arguments.OnCpu ? null : target, failure));
        return median;
    }

    public static string NameOf(RowKind kind) => kind switch { RowKind.Floats => "float32", RowKind.Halves => "float16", _ => "int8" };

    public static float[] RandomQuery(int dimensions)
    {
        var query = new float[dimensions];
        double squares = 0;
        for (var i = 0; i < dimensions; i++)
        {
            query[i] = (float)((Random.Shared.NextDouble() * 2) - 1);
            squares += query[i] * (double)query[i];
        }

        for (var i = 0; i < dimensions; i++)
        {
            query[i] = (float)(query[i] / Math.Sqrt(squares));
        }

        return query;
    }
}
