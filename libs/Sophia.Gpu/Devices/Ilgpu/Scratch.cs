using ILGPU;
using ILGPU.Runtime;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>Memory of a device that grows with what is asked of it and is used again; its contents are undefined.</summary>
internal sealed class Scratch<T>(Accelerator accelerator) : IDisposable
    where T : unmanaged
{
    private readonly PageLocked<T> _staging = new(accelerator);
    private MemoryBuffer1D<T, Stride1D.Dense>? _buffer;
    private AcceleratorStream? _sending;

    /// <summary>At least one element: a view of nothing cannot be made.</summary>
    public ArrayView<T> Of(long length)
    {
        length = Math.Max(length, 1);
        if (_buffer is null || _buffer.Length < length)
        {
            var wanted = Math.Max(length, (_buffer?.Length ?? 0) * 3 / 2);
            _buffer?.Dispose();
            _buffer = null;
            _buffer = accelerator.Allocate1D<T>(wanted);
        }

        return _buffer.View.BaseView.SubView(0, length);
    }

    /// <summary>Sends values; does not wait until they are there.</summary>
    public ArrayView<T> Of(AcceleratorStream stream, ReadOnlySpan<T> values)
    {
        // Those of before may still be on their way from the same place.
        _sending?.Synchronize();
        _sending = null;
        var view = Of(values.Length);
        if (!values.IsEmpty)
        {
            _sending = stream;
            var staged = _staging.Of(values.Length);
            values.CopyTo(staged.Span);
            view.CopyFrom(stream, staged.ArrayView.SubView(0, values.Length));
        }

        return view;
    }

    /// <summary>The caller has waited for the stream: what was sent is there.</summary>
    public void IsThrough() => _sending = null;

    public void Dispose()
    {
        Failures.Dispose(_staging);
        _buffer?.Dispose();
    }
}
