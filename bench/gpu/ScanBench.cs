using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Bench.Gpu;

/// <summary>Scans of random rows: how long, and whether right.</summary>
internal static class ScanBench
{
    /// <param name="count">Queries at once.</param>
    /// <param name="target">The fraction of the read bandwidth that is asked for.</param>
    /// <param name="readBandwidth">Bytes per second of the read-sum kernel; null where that could not be measured.</param>
    /// <returns>The median.</returns>
    public static TimeSpan Run(
        IlgpuDevice device, Arguments arguments, RowKind kind, int rows, int count, string name, double? target, double? readBandwidth, Report report)
    {
        using var stored = new StoredRows(device, kind, StoredRows.Fitting(device, kind, rows, arguments.Dimensions), arguments.Dimensions);
        var queries = new Queries(device, stored, arguments, count);
        var (times, failure) = queries.Measure(new ulong[]?[count], report);
        if (count > 1 && queries.WithoutTensorCores is { } reason)
        {
            report.Note($"{name}, {NameOf(kind)}: without tensor cores, since {reason}.");
        }

        report.Add(new Line(
            $"{name}, {NameOf(kind)}", stored.Pages.Rows, arguments.Dimensions, stored.Bytes, times,
            arguments.OnCpu ? null : stored.Bytes / times.Median.TotalSeconds / readBandwidth, arguments.OnCpu ? null : target, failure));
        return times.Median;
    }

    public static string NameOf(RowKind kind) => kind switch { RowKind.Floats => "float32", RowKind.Halves => "float16", _ => "int8" };
}
