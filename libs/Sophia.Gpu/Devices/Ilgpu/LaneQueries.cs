using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>The queries of a scan and their filters, where the kernels of a lane read them.</summary>
internal sealed class LaneQueries(Accelerator accelerator) : IDisposable
{
    private readonly Scratch<Chunk> _chunks = new(accelerator);
    private readonly Scratch<float> _bounds = new(accelerator);
    private readonly Scratch<uint> _filter = new(accelerator);

    public ArrayView<Chunk> Chunks { get; private set; }

    public ArrayView<float> Bounds { get; private set; }

    /// <summary>At least one word, which is read only where there is a filter.</summary>
    public ArrayView<uint> Filter { get; private set; }

    public void Send(AcceleratorStream stream, QueryBlock queries, ScanFilters filters)
    {
        Chunks = _chunks.Of(stream, queries.Chunks);
        Bounds = _bounds.Of(stream, queries.Bounds);
        Filter = _filter.Of(stream, filters.Bits);
    }

    /// <inheritdoc cref="Scratch{T}.IsThrough"/>
    public void AreThrough()
    {
        _chunks.IsThrough();
        _bounds.IsThrough();
        _filter.IsThrough();
    }

    public void Dispose() => Failures.Dispose(_chunks, _bounds, _filter);
}
