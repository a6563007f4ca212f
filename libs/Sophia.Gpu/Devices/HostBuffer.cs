using System.Runtime.InteropServices;

namespace Sophia.Gpu.Devices;

/// <summary>
/// A block of host memory outside the garbage-collected heap, 64-byte aligned: it never moves, so erased bytes leave no
/// copies behind, and its rows start at cache lines.
/// </summary>
internal sealed unsafe class HostBuffer : SafeHandle
{
    private const int Alignment = 64;

    private HostBuffer(int floats)
        : base(0, ownsHandle: true)
    {
        Floats = floats;
        SetHandle((nint)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), Alignment));
    }

    public int Floats { get; }

    public override bool IsInvalid => handle == 0;

    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public float* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (float*)handle;
        }
    }

    /// <summary>The contents are undefined: pages that are not touched yet take no memory.</summary>
    /// <exception cref="OutOfMemoryException">There is not so much memory.</exception>
    public static HostBuffer Allocate(int floats) => new(floats);

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}
