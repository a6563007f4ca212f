using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace Sophia.Bench.Load;

/// <summary>One keep-alive HTTP/1.1 connection on a socket that never blocks; one request at a time.</summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly Socket _socket;
    private ReadOnlyMemory<byte> _toSend;
    private byte[] _received = new byte[16 << 10];
    private int _count;
    private int _headLength;
    private int _bodyLength;

    public HttpConnection(int port)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(IPAddress.Loopback, port);
        _socket.Blocking = false;
    }

    public Socket Socket => _socket;

    public bool IsWaiting { get; private set; }

    public bool IsWritingWatched { get; set; }

    /// <summary>When the request under way was to be sent (open loop) or was sent (closed loop), in ticks of the stopwatch.</summary>
    public long Due { get; set; }

    /// <summary>Requests whose time came while one was under way.</summary>
    public Queue<long> Overdue { get; } = new();

    public int Status { get; private set; }

    public ReadOnlySpan<byte> Body => _received.AsSpan(_headLength, _bodyLength);

    /// <returns>False when the kernel takes no more for now; go on with <see cref="GoOnSending"/> when it does.</returns>
    public bool Send(ReadOnlyMemory<byte> request)
    {
        (_toSend, _count, IsWaiting) = (request, 0, true);
        return GoOnSending();
    }

    public bool GoOnSending()
    {
        while (!_toSend.IsEmpty)
        {
            var sent = _socket.Send(_toSend.Span, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                return false;
            }

            Throw(error);
            _toSend = _toSend[sent..];
        }

        return true;
    }

    /// <returns>True when the answer is whole: <see cref="Status"/> and <see cref="Body"/> are then its.</returns>
    public bool Receive()
    {
        while (true)
        {
            if (_count == _received.Length)
            {
                Array.Resize(ref _received, _received.Length * 2);
            }

            var read = _socket.Receive(_received.AsSpan(_count), SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                return false;
            }

            Throw(error);
            if (read == 0)
            {
                throw new IOException("The service closed a connection.");
            }

            _count += read;
            if (IsWhole())
            {
                IsWaiting = false;
                return true;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private static void Throw(SocketError error)
    {
        if (error != SocketError.Success)
        {
            throw new SocketException((int)error);
        }
    }

    private bool IsWhole()
    {
        var bytes = _received.AsSpan(0, _count);
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        var head = bytes[..(end + 2)];
        Status = ((head[9] - '0') * 100) + ((head[10] - '0') * 10) + head[11] - '0';
        var at = head.IndexOf("Content-Length: "u8);
        if (at < 0 || !Utf8Parser.TryParse(head[(at + 16)..], out int length, out _))
        {
            throw new IOException("An answer has no Content-Length: " + System.Text.Encoding.ASCII.GetString(head));
        }

        (_headLength, _bodyLength) = (end + 4, length);
        return _count == _headLength + _bodyLength;
    }
}
