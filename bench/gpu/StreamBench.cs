using System.Runtime.InteropServices;
using ILGPU.Runtime;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Bench.Gpu;

/// <summary>A namespace of twice the pool: one half stands on the device, the other comes from host memory in each scan.</summary>
internal static class StreamBench
{
    private const double Target = 0.8;

    public static unsafe void Run(IlgpuDevice device, Arguments arguments, long poolBytes, Report report)
    {
        var copyBytes = arguments.OnCpu ? 1 << 16 : 64 << 20;
        var fits = Math.Min(device.FreeBytes / 10 * 8, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);
        using var stored = new StoredRows(device, RowKind.Codes, StoredRows.RowsIn(Math.Min(poolBytes, fits), RowKind.Codes, arguments.Dimensions), arguments.Dimensions);
        var pages = stored.Pages;
        var units = pages.Units.Length;
        var host = (byte*)NativeMemory.AlignedAlloc((nuint)stored.Memory.Bytes, 4096);
        try
        {
            // The other half is a copy of the first, so that each row must be found twice.
            for (var unit = 0; unit < units; unit++)
            {
                stored.Memory.Read(pages.Units.Span[unit], new Span<byte>(host + (unit * pages.UnitBytes), (int)pages.UnitBytes));
            }

            var bandwidth = HostToDevice(device, arguments, copyBytes, report);
            using var buffer = device.Reserve(Math.Max(2L * copyBytes, 4 * pages.UnitBytes));
            var other = pages with { FirstRow = units * pages.RowsPerUnit };
            int[] all = [.. Enumerable.Range(0, units)];
            var query = Queries.Random(arguments.Dimensions);
            var asked = ScanQuery.Of(RowKind.Codes, query, pages.RowBytes);
            IReadOnlyList<BestRows> answer = [];
            var times = report.Time(() =>
            {
                using var scan = device.Scanner.Begin([asked], null, 2 * arguments.Best);
                scan.Scan(stored.Memory, pages);
                scan.Stream(buffer, 0, buffer.Bytes, other, all, (unit, target) => new ReadOnlySpan<byte>(host + (unit * pages.UnitBytes), target.Length).CopyTo(target));
                answer = scan.Finish();
            });

            var best = answer[0];
            var own = Enumerable.Range(0, best.Rows.Length).Where(i => best.Rows[i] < other.FirstRow).ToArray();
            var copies = best.Rows.Where(row => row >= other.FirstRow).Select(row => row - other.FirstRow).Order();
            var failure = copies.SequenceEqual(own.Select(i => best.Rows[i]).Order())
                ? new Reference(stored.Memory, pages, [query], [0]).Compare(0, asked, new BestRows([.. own.Select(i => best.Rows[i])], [.. own.Select(i => best.Uppers[i])]), arguments.Best)
                : "the rows that were streamed are not those that stand on the device";
            report.Add(new Line($"one query, int8, twice the pool: {stored.Memory.Bytes:N0} streamed", pages.Rows * 2L, arguments.Dimensions, stored.Bytes * 2, times, null, null, failure));
            if (!arguments.OnCpu)
            {
                report.Note(string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"Streamed at {stored.Memory.Bytes / times.Median.TotalSeconds / 1e9:F1} GB/s, {stored.Memory.Bytes / times.Median.TotalSeconds / bandwidth:F2} of the host-to-device bandwidth (target ≥ {Target:F2})."));
            }
        }
        finally
        {
            NativeMemory.AlignedFree(host);
        }
    }

    /// <summary>Bytes per second from page-locked memory.</summary>
    private static double HostToDevice(IlgpuDevice device, Arguments arguments, int bytes, Report report)
    {
        using var memory = device.Accelerator.Allocate1D<byte>(bytes);
        using var locked = device.Accelerator.AllocatePageLocked1D<byte>(bytes);
        Random.Shared.NextBytes(locked.Span);
        var times = report.Time(() =>
        {
            memory.View.BaseView.CopyFrom(device.Accelerator.DefaultStream, locked.ArrayView);
            device.Accelerator.Synchronize();
        });
        var isRight = memory.GetAsArray1D().AsSpan().SequenceEqual(locked.Span);
        report.Add(new Line("host to device, page-locked", 0, 0, bytes, times, null, null, isRight ? null : "the copy differs"));
        return bytes / times.Median.TotalSeconds;
    }
}
