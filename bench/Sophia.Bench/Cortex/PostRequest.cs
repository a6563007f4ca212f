using System.Globalization;
using System.Text;
using Sophia.Bench.Load;

namespace Sophia.Bench.Cortex;

/// <summary>The same POST of JSON again and again.</summary>
internal sealed class PostRequest(string path, string json, int port) : IRequests
{
    private readonly byte[] _request = Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json).ToString(CultureInfo.InvariantCulture)}\r\n\r\n{json}");

    public ReadOnlyMemory<byte> Next(int connection) => _request;

    public int Accept(int connection, int status, ReadOnlySpan<byte> body) => status == 200 ? 1 : throw new InvalidOperationException($"A POST was answered with {status}.");
}
