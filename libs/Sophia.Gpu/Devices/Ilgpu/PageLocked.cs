using ILGPU.Runtime;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>Host memory that a device copies from and to by itself, so that nobody waits for the copy; it grows with what is asked of it and is used again.</summary>
internal sealed class PageLocked<T>(Accelerator accelerator) : IDisposable
    where T : unmanaged
{
    private PageLockedArray1D<T>? _array;

    /// <summary>At least so many; no copy from or to it may be under way.</summary>
    public PageLockedArray1D<T> Of(long length)
    {
        if (_array is null || _array.Length < length)
        {
            _array?.Dispose();
            _array = null;

            // ILGPU locks pages in whichever context the thread has, if it has one.
            accelerator.Bind();
            _array = accelerator.AllocatePageLocked1D<T>(length);
        }

        return _array;
    }

    public void Dispose() => _array?.Dispose();
}
