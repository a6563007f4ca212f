using System.Runtime.InteropServices;

namespace Sophia.Gpu.Devices;

/// <summary>
/// A block of host memory outside the garbage-collected heap: it never moves, so erased bytes leave no copies behind.
/// Blocks of 2 MiB and more ask the system for huge pages, which spare a scan most of its address translations.
/// </summary>
internal sealed unsafe partial class HostBuffer : SafeHandle, IPageMemory
{
    private const int CacheLine = 64;
    private const int HugePage = 2 << 20;
    private const int AdviseHugePages = 14;

    private HostBuffer(long bytes)
        : base(0, ownsHandle: true)
    {
        IsZeroed = bytes < HugePage;
        if (IsZeroed)
        {
            // Cleared by the system as it is written, unless it was used before: a small shard then takes no more than what is in it.
            SetHandle((nint)NativeMemory.AllocZeroed((nuint)bytes + CacheLine));
            return;
        }

        SetHandle((nint)NativeMemory.AlignedAlloc((nuint)bytes, HugePage));
        if (OperatingSystem.IsLinux())
        {
            // Advice only: without it the block is as right, and some per cent slower.
            _ = Advise(handle, (nuint)bytes, AdviseHugePages);
        }
    }

    public override bool IsInvalid => handle == 0;

    public bool IsResident => true;

    public bool IsZeroed { get; }

    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (byte*)((handle + CacheLine - 1) & -CacheLine);
        }
    }

    /// <summary>Pages that are not touched yet take no memory.</summary>
    /// <exception cref="OutOfMemoryException">There is not so much memory.</exception>
    public static HostBuffer Allocate(long bytes) => new(bytes);

    /// <summary>Nothing changes: only the process has what is in it.</summary>
    public void Settle()
    {
    }

    protected override bool ReleaseHandle()
    {
        if (IsZeroed)
        {
            NativeMemory.Free((void*)handle);
        }
        else
        {
            NativeMemory.AlignedFree((void*)handle);
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
