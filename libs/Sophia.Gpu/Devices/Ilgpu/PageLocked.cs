using System.Collections.Concurrent;
using ILGPU.Runtime;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>Host memory that a device copies from and to by itself, so that nobody waits for the copy; it grows with what is asked of it and is used again.</summary>
internal sealed class PageLocked<T>(Accelerator accelerator) : IDisposable
    where T : unmanaged
{
    /// <summary>
    /// Arrays that a failed device did not give back: the driver counts their pages as locked as long as the process lives, and would refuse
    /// to lock what came to stand there for another device.
    /// </summary>
    private static readonly ConcurrentBag<T[]> s_kept = [];

    private PageLockedArray1D<T>? _array;

    /// <summary>At least so many; no copy from or to it may be under way.</summary>
    public PageLockedArray1D<T> Of(long length)
    {
        if (_array is null || _array.Length < length)
        {
            Dispose();

            // ILGPU locks pages in whichever context the thread has, if it has one.
            accelerator.Bind();
            _array = accelerator.AllocatePageLocked1D<T>(length);
        }

        return _array;
    }

    public void Dispose()
    {
        if (_array is not { } array)
        {
            return;
        }

        _array = null;
        var memory = array.GetArray();
        try
        {
            array.Dispose();
        }
        catch (AcceleratorException)
        {
            s_kept.Add(memory);
            throw;
        }
    }
}
