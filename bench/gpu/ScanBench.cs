using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Bench.Gpu;

/// <summary>Scans of random rows: how long, and whether right.</summary>
internal static class ScanBench
{
    /// <param name="readBandwidth">Bytes per second of the read-sum kernel.</param>
    public static void Run(IlgpuDevice device, Arguments arguments, RowKind kind, int rows, string name, double readBandwidth, Report report)
    {
        // A tenth stays for what the scan keeps.
        rows = Math.Min(rows, StoredRows.RowsIn(device.FreeBytes / 10 * 9, kind, arguments.Dimensions));
        using var stored = new StoredRows(device, kind, rows, arguments.Dimensions);
        var query = RandomQuery(arguments.Dimensions);
        var asked = ScanQuery.Of(kind, query, stored.Pages.RowBytes);
        IReadOnlyList<BestRows> answer = [];
        var (median, p99) = Timing.Of(arguments.Repeats, () =>
        {
            using var scan = device.Scanner.Begin([asked], null, arguments.Best);
            scan.Scan(stored.Memory, stored.Pages);
            answer = scan.Finish();
        });
        var failure = Reference.Compare(stored, query, asked, answer[0], arguments.Best);
        var fraction = stored.Bytes / median.TotalSeconds / readBandwidth;
        var target = name == "whole pool" ? 0.85 : kind == RowKind.Floats ? (double?)null : 0.90;
        report.Add(new Line(
            $"{name}, {NameOf(kind)}, best {arguments.Best} on the host", rows, arguments.Dimensions, stored.Bytes, median, p99, arguments.OnCpu ? null : fraction,
            arguments.OnCpu ? null : target, failure));
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
