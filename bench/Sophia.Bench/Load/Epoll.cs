using System.Buffers.Binary;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sophia.Bench.Load;

/// <summary>
/// Linux's readiness notification, so that one thread drives a thousand connections without taking the server's cores:
/// .NET's own asynchronous sockets would spend about twice the time of the client on scheduling.
/// </summary>
internal sealed partial class Epoll : IDisposable
{
    private const int Add = 1;
    private const int Modify = 3;
    private const uint In = 1;
    private const uint Out = 4;
    private const int Interrupted = 4;

    // struct epoll_event is packed on x86-64 and nowhere else.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private readonly int _handle;
    private readonly byte[] _events = new byte[1024 * Stride];

    public Epoll()
    {
        _handle = epoll_create1(0);
        if (_handle < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    public void Register(Socket socket, int tag) => Control(Add, socket, tag, In);

    public void WatchWriting(HttpConnection connection, int tag, bool isWanted)
    {
        if (connection.IsWritingWatched != isWanted)
        {
            connection.IsWritingWatched = isWanted;
            Control(Modify, connection.Socket, tag, isWanted ? In | Out : In);
        }
    }

    /// <summary>How many sockets are ready; their tags by <see cref="TagAt"/>.</summary>
    public int Wait(TimeSpan atMost)
    {
        var time = new TimeSpec { Seconds = (long)atMost.TotalSeconds, Nanoseconds = atMost.Ticks % TimeSpan.TicksPerSecond * 100 };
        var ready = epoll_pwait2(_handle, ref _events[0], _events.Length / Stride, in time, 0);
        if (ready < 0 && Marshal.GetLastPInvokeError() is var error && error != Interrupted)
        {
            throw new Win32Exception(error);
        }

        return Math.Max(0, ready);
    }

    public int TagAt(int i) => BinaryPrimitives.ReadInt32LittleEndian(_events.AsSpan((i * Stride) + Stride - 8));

    public void Dispose() => _ = close(_handle);

    private void Control(int operation, Socket socket, int tag, uint interest)
    {
        Span<byte> wanted = stackalloc byte[16];
        wanted.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(wanted, interest);
        BinaryPrimitives.WriteInt32LittleEndian(wanted[(Stride - 8)..], tag);
        if (epoll_ctl(_handle, operation, (int)socket.Handle, ref wanted[0]) < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int descriptor, ref byte wanted);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_pwait2(int epoll, ref byte events, int capacity, in TimeSpec timeout, nint signals);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
