using System.Numerics;
using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Kernels;

namespace Sophia.Bench.Gpu;

/// <summary>Random rows in a device's memory, fresh in each run.</summary>
internal sealed class StoredRows : IDisposable
{
    private const int RowsPerPage = 64;
    private const int PagesPerUnit = 16;

    public StoredRows(IlgpuDevice device, RowKind kind, int rows, int dimensions)
    {
        var rowBytes = RowPages.RowBytesOf(kind, dimensions);
        var unit = RowPages.PageBytesOf(rowBytes, RowsPerPage) * PagesPerUnit;
        var units = (rows + (RowsPerPage * PagesPerUnit) - 1) / (RowsPerPage * PagesPerUnit);
        Pages = new RowPages(kind, rowBytes, RowsPerPage, PagesPerUnit, Enumerable.Range(0, units).Select(i => i * unit).ToArray(), 0, rows);
        Memory = device.Reserve(units * unit);
        var fill = device.Accelerator.LoadStreamKernel<ArrayView<Chunk>, RowShape, int, float, uint>(RandomRows.Kernel);
        var shape = new RowShape
        {
            Chunks = rowBytes / Chunk.Bytes, RowsPerPageLog2 = BitOperations.Log2(RowsPerPage), PageChunks = (int)(Pages.PageBytes / Chunk.Bytes), RowsPerUnit = Pages.RowsPerUnit,
        };
        // Of even spread over ±reach the length of a row is about 1.
        fill(Bandwidth.GridOf(device), ((IlgpuMemory)Memory).Buffer.View.BaseView.Cast<Chunk>(), shape, (int)kind, MathF.Sqrt(3f / dimensions), (uint)Random.Shared.Next());
        device.Accelerator.Synchronize();
    }

    public IDeviceMemory Memory { get; }

    public RowPages Pages { get; }

    /// <summary>Bytes that a scan of all rows reads.</summary>
    public long Bytes => Pages.Rows * (long)(Pages.RowBytes + RowPages.HeadBytes);

    public static int RowsIn(long bytes, RowKind kind, int dimensions) =>
        (int)Math.Min(int.MaxValue / 2, bytes / (RowPages.RowBytesOf(kind, dimensions) + RowPages.HeadBytes));

    public void Dispose() => Memory.Dispose();
}
