using System.Text;

namespace Sophia.Bench.Load;

/// <summary>The same GET again and again.</summary>
internal sealed class ConstantRequest(string path, int port) : IRequests
{
    private readonly byte[] _request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");

    public ReadOnlyMemory<byte> Next(int connection) => _request;

    public int Accept(int connection, int status, ReadOnlySpan<byte> body) => status == 200 ? 1 : throw new InvalidOperationException($"A GET was answered with {status}.");
}
