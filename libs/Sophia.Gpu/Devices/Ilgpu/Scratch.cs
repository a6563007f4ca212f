using ILGPU;
using ILGPU.Runtime;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>Memory of a device that grows with what is asked of it and is used again; its contents are undefined.</summary>
internal sealed class Scratch<T>(Accelerator accelerator) : IDisposable
    where T : unmanaged
{
    private MemoryBuffer1D<T, Stride1D.Dense>? _buffer;

    /// <summary>All there is.</summary>
    public ArrayView<T> All => _buffer!.View.BaseView;

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

    public ArrayView<T> Of(AcceleratorStream stream, ReadOnlySpan<T> values)
    {
        var view = Of(values.Length);
        if (!values.IsEmpty)
        {
            view.CopyFromCPU(stream, values);
        }

        return view;
    }

    public void Dispose() => _buffer?.Dispose();
}
