using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>Sums of ranges of a device's memory, on a queue of their own, beside its scans. Not for several threads at once.</summary>
internal sealed class IlgpuSums : IDisposable
{
    /// <summary>Chunks of a range that a thread adds up, so that the atomics at the end are few.</summary>
    private const int ChunksEach = 16;

    private readonly AcceleratorStream _stream;
    private readonly int _threads;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<Chunk>, ArrayView<long>, int, ArrayView<ulong>> _kernel;
    private readonly Scratch<long> _ranges;
    private readonly Scratch<ulong> _sums;

    public IlgpuSums(Accelerator accelerator)
    {
        _stream = accelerator.CreateStream();
        _threads = Math.Min(256, accelerator.MaxNumThreadsPerGroup);
        _kernel = accelerator.LoadKernel<ArrayView<Chunk>, ArrayView<long>, int, ArrayView<ulong>>(PageSums.Kernel);
        (_ranges, _sums) = (new(accelerator), new(accelerator));
    }

    /// <inheritdoc cref="IDevice.Sum"/>
    public void Sum(IlgpuMemory memory, ReadOnlySpan<long> offsets, int bytes, Span<ulong> sums)
    {
        var firsts = new long[offsets.Length];
        for (var i = 0; i < firsts.Length; i++)
        {
            firsts[i] = offsets[i] / Chunk.Bytes;
        }

        var chunks = bytes / Chunk.Bytes;
        var ranges = _ranges.Of(_stream, firsts);
        var made = _sums.Of(sums.Length);
        made.MemSetToZero(_stream);
        var grid = new KernelConfig(new Index3D(Math.Max(1, chunks / (_threads * ChunksEach)), offsets.Length, 1), new Index3D(_threads, 1, 1));
        _kernel(_stream, grid, memory.Buffer.View.BaseView.Cast<Chunk>(), ranges, chunks, made);
        made.CopyToCPU(_stream, sums);
        _stream.Synchronize();
    }

    public void Dispose()
    {
        _ranges.Dispose();
        _sums.Dispose();
        _stream.Dispose();
    }
}
