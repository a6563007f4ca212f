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

    public StoredRows(IlgpuDevice device, RowKind kind, int rows, int dimensions, int pagesPerUnit = 16)
    {
        var rowBytes = RowPages.RowBytesOf(kind, dimensions);
        var unit = RowPages.PageBytesOf(rowBytes, RowsPerPage) * pagesPerUnit;
        var units = (rows + (RowsPerPage * pagesPerUnit) - 1) / (RowsPerPage * pagesPerUnit);
        Pages = new RowPages(kind, rowBytes, RowsPerPage, pagesPerUnit, Enumerable.Range(0, units).Select(i => i * unit).ToArray(), 0, rows);
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

    public RowPages Pages { get; private set; }

    /// <summary>Bytes that a scan of all rows reads.</summary>
    public long Bytes => Pages.Rows * BytesOfOne;

    public long BytesOfOne => Pages.RowBytes + RowPages.HeadBytes;

    public static int RowsIn(long bytes, RowKind kind, int dimensions) =>
        (int)Math.Min(int.MaxValue / 2, bytes / (RowPages.RowBytesOf(kind, dimensions) + RowPages.HeadBytes));

    /// <summary>As many of the rows as the device takes now; a tenth stays for what a scan keeps.</summary>
    public static int Fitting(IlgpuDevice device, RowKind kind, int rows, int dimensions) => Math.Min(rows, RowsIn(device.FreeBytes / 10 * 9, kind, dimensions));

    /// <summary>The row is nobody's from now on.</summary>
    public void Remove(int row)
    {
        var page = Pages.Units.Span[row / Pages.RowsPerUnit] + (row % Pages.RowsPerUnit / RowsPerPage * Pages.PageBytes);
        Memory.Write(page + (RowsPerPage * (Pages.RowBytes + (2L * sizeof(float)))) + (row % RowsPerPage * sizeof(int)), BitConverter.GetBytes(-1));
    }

    /// <summary>The unit is not there from now on.</summary>
    public void Lose(int unit)
    {
        var units = Pages.Units.ToArray();
        units[unit] = -1;
        Pages = Pages with { Units = units };
    }

    public void Dispose() => Memory.Dispose();
}
