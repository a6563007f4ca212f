using System.Numerics;
using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Kernels;

namespace Sophia.Bench.Gpu;

/// <summary>What the device's memory gives: read by a kernel that does nothing else, and copied.</summary>
internal static class Bandwidth
{
    public static KernelConfig GridOf(IlgpuDevice device) => device.Accelerator.AcceleratorType == AcceleratorType.CPU
        ? new KernelConfig(2, device.Accelerator.MaxNumThreadsPerGroup) : new KernelConfig(device.Accelerator.NumMultiprocessors * 8, 256);

    /// <summary>Bytes per second of the read-sum kernel.</summary>
    public static double Measure(IlgpuDevice device, Arguments arguments, Report report)
    {
        var rows = arguments.OnCpu ? arguments.Rows : StoredRows.RowsIn(Math.Min(16L << 30, device.FreeBytes / 4), RowKind.Codes, arguments.Dimensions);
        using var stored = new StoredRows(device, RowKind.Codes, rows, arguments.Dimensions);
        var view = ((IlgpuMemory)stored.Memory).Buffer.View.BaseView;
        var kernel = device.Accelerator.LoadStreamKernel<ArrayView<Chunk>, ArrayView<uint>>(ReadSum.Kernel);
        using var sums = device.Accelerator.Allocate1D<uint>(1);
        var times = report.Time(() =>
        {
            kernel(GridOf(device), view.Cast<Chunk>(), sums.View);
            device.Accelerator.Synchronize();
        });

        // Of what the reference can read back in little time.
        var part = view.SubView(0, Math.Min(view.Length, 1L << 28) / Chunk.Bytes * Chunk.Bytes);
        sums.MemSetToZero();
        kernel(GridOf(device), part.Cast<Chunk>(), sums.View);
        var (found, expected) = (sums.GetAsArray1D()[0], SumOf(stored.Memory, part.Length));
        report.Add(new Line("read-sum", 0, 0, view.Length, times, null, null, found == expected ? null : $"the sum is {found}, not {expected}"));

        using var target = device.Reserve(stored.Memory.Bytes);
        var copied = ((IlgpuMemory)target).Buffer.View.BaseView;
        var copy = report.Time(() =>
        {
            copied.CopyFrom(device.Accelerator.DefaultStream, view);
            device.Accelerator.Synchronize();
        });
        var copyIsRight = SumOf(target, part.Length) == expected;
        report.Add(new Line("device copy (read and written)", 0, 0, view.Length * 2, copy, arguments.OnCpu ? null : 2 * (times.Median / copy.Median), null, copyIsRight ? null : "the copy differs"));
        return view.Length / times.Median.TotalSeconds;
    }

    private static uint SumOf(IDeviceMemory memory, long bytes)
    {
        uint sum = 0;
        var block = new byte[1 << 20];
        for (long at = 0; at < bytes; at += block.Length)
        {
            var read = block.AsSpan(0, (int)Math.Min(block.Length, bytes - at));
            memory.Read(at, read);
            foreach (var word in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(read))
            {
                sum += word;
            }
        }

        return sum;
    }
}
