using System.Runtime.InteropServices;

namespace Sophia.Gpu.Devices;

/// <summary>
/// A reservation of host memory outside the garbage-collected heap. Addresses are the process's at once; memory is taken
/// page by page as it is written, and goes back to the system when a range is discarded.
/// </summary>
internal sealed unsafe partial class HostReservation : SafeHandle, IDeviceMemory
{
    private const int ReadWrite = 3;
    private const int PrivateAnonymousNoReserve = 0x2 | 0x20 | 0x4000;
    private const int DontNeed = 4;
    private const int AdviseHugePages = 14;
    private readonly bool _isMapped = OperatingSystem.IsLinux();

    private HostReservation(long bytes)
        : base(-1, ownsHandle: true)
    {
        Bytes = bytes;
        if (_isMapped)
        {
            SetHandle(Map(0, (nuint)bytes, ReadWrite, PrivateAnonymousNoReserve, -1, 0));
        }
        else
        {
            SetHandle((nint)NativeMemory.AlignedAlloc((nuint)bytes, 4096));
            NativeMemory.Clear((void*)handle, (nuint)bytes);
        }
    }

    public override bool IsInvalid => handle is 0 or -1;

    public long Bytes { get; }

    /// <exception cref="ObjectDisposedException"/>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (byte*)handle;
        }
    }

    /// <exception cref="DeviceMemoryException">The system gives no such range of addresses.</exception>
    public static HostReservation Of(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        var reservation = new HostReservation(bytes);
        return reservation.IsInvalid
            ? throw new DeviceMemoryException($"The system reserves no {bytes:N0} bytes of memory (error {Marshal.GetLastPInvokeError()}). Lower Sophia:Gpu:HostBytes, or let the process have more addresses (ulimit -v).")
            : reservation;
    }

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        Require(offset, source.Length);
        source.CopyTo(new Span<byte>(Pointer + offset, source.Length));
    }

    public void Read(long offset, Span<byte> target)
    {
        Require(offset, target.Length);
        new ReadOnlySpan<byte>(Pointer + offset, target.Length).CopyTo(target);
    }

    public Span<byte> Range(long offset, int bytes)
    {
        Require(offset, bytes);
        return new Span<byte>(Pointer + offset, bytes);
    }

    public void Discard(long offset, long bytes)
    {
        Require(offset, bytes);
        var page = Environment.SystemPageSize;
        var (first, end) = ((offset + page - 1) / page * page, (offset + bytes) / page * page);
        if (!_isMapped || first >= end || Advise((nint)(Pointer + first), (nuint)(end - first), DontNeed) != 0)
        {
            NativeMemory.Clear(Pointer + offset, (nuint)bytes);
            return;
        }

        NativeMemory.Clear(Pointer + offset, (nuint)(first - offset));
        NativeMemory.Clear(Pointer + end, (nuint)(offset + bytes - end));
    }

    /// <summary>Asks for huge pages, which spare a scan most of its address translations. Ranges that touch share the page between them.</summary>
    public void PreferHugePages(long offset, long bytes)
    {
        Require(offset, bytes);
        if (_isMapped)
        {
            // Advice only: without it the memory is as right, and some per cent slower.
            _ = Advise((nint)(Pointer + offset), (nuint)bytes, AdviseHugePages);
        }
    }

    protected override bool ReleaseHandle()
    {
        if (_isMapped)
        {
            return Unmap(handle, (nuint)Bytes) == 0;
        }

        NativeMemory.AlignedFree((void*)handle);
        return true;
    }

    private void Require(long offset, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Bytes - bytes);
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
