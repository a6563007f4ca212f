using ILGPU;
using ILGPU.Runtime;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>Memory of a device that ILGPU reaches. Calls are in order, and return when the copy is done.</summary>
internal sealed class IlgpuMemory : IDeviceMemory
{
    private readonly Accelerator _accelerator;
    private readonly Lock _lock = new();

    public IlgpuMemory(Accelerator accelerator, long bytes)
    {
        _accelerator = accelerator;
        Buffer = accelerator.Allocate1D<byte>(bytes);
        Buffer.MemSetToZero();
        accelerator.Synchronize();
    }

    /// <summary>For the kernels.</summary>
    internal MemoryBuffer1D<byte, Stride1D.Dense> Buffer { get; }

    public long Bytes => Buffer.Length;

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        var view = Range(offset, source.Length);
        if (source.IsEmpty)
        {
            return;
        }

        lock (_lock)
        {
            try
            {
                view.CopyFromCPU(_accelerator.DefaultStream, source);
                _accelerator.DefaultStream.Synchronize();
            }
            catch (AcceleratorException e)
            {
                throw Failures.Of(e);
            }
        }
    }

    public void Read(long offset, Span<byte> target)
    {
        var view = Range(offset, target.Length);
        if (target.IsEmpty)
        {
            return;
        }

        lock (_lock)
        {
            try
            {
                view.CopyToCPU(_accelerator.DefaultStream, target);
                _accelerator.DefaultStream.Synchronize();
            }
            catch (AcceleratorException e)
            {
                throw Failures.Of(e);
            }
        }
    }

    public void Discard(long offset, long bytes)
    {
        var view = Range(offset, bytes);
        if (bytes == 0)
        {
            return;
        }

        lock (_lock)
        {
            Failures.Guard(() =>
            {
                view.MemSetToZero(_accelerator.DefaultStream);
                _accelerator.DefaultStream.Synchronize();
            });
        }
    }

    public void Dispose() => Failures.Dispose(Buffer);

    private ArrayView<byte> Range(long offset, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Bytes - bytes);
        return Buffer.View.BaseView.SubView(offset, bytes);
    }
}
