using System.Globalization;
using System.Text;
using Sophia.Bench.Load;

namespace Sophia.Bench.Writes;

/// <summary>
/// Writes of records of 512 bytes, each under a new key with another slice of text. A connection's request is built once;
/// for the next only keys and texts are written over, so that the client costs the machine little.
/// </summary>
internal sealed class WriteRequests : IRequests
{
    public const string Namespace = "bench";
    private const int KeyDigits = 12;
    private readonly EnglishText _text;
    private readonly int _recordsEach;
    private readonly byte[]?[] _requests;
    private readonly byte[] _template;
    private readonly int[] _keysAt;
    private readonly int[] _textsAt;
    private long _number;

    private WriteRequests(EnglishText text, int recordsEach, int connections, string head, string body)
    {
        (_text, _recordsEach, _requests) = (text, recordsEach, new byte[connections][]);
        (_keysAt, _textsAt) = (new int[recordsEach], new int[recordsEach]);
        var request = $"{head} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}\r\n\r\n{body}";
        _template = Encoding.ASCII.GetBytes(request);
        for (var (record, from) = (0, 0); record < recordsEach; record++)
        {
            // Of a single PUT the key is in the head, so it comes before the text in every request.
            _keysAt[record] = request.IndexOf('#', from);
            _textsAt[record] = request.IndexOf('~', _keysAt[record]);
            from = _textsAt[record] + text.SliceBytes;
        }
    }

    public static WriteRequests Single(EnglishText text, int connections) => new(
        text, 1, connections, $"PUT /v1/namespaces/{Namespace}/memories/single-{new string('#', KeyDigits)}", $"{{\"content\":\"{new string('~', text.SliceBytes)}\"}}");

    public static WriteRequests Batches(EnglishText text, int size, int connections)
    {
        var item = $"{{\"key\":\"batch-{new string('#', KeyDigits)}\",\"content\":\"{new string('~', text.SliceBytes)}\"}}";
        return new WriteRequests(text, size, connections, $"POST /v1/namespaces/{Namespace}/memories", $"{{\"items\":[{string.Join(',', Enumerable.Repeat(item, size))}]}}");
    }

    public ReadOnlyMemory<byte> Next(int connection)
    {
        var request = _requests[connection] ??= (byte[])_template.Clone();
        for (var record = 0; record < _recordsEach; record++)
        {
            _ = _number.TryFormat(request.AsSpan(_keysAt[record], KeyDigits), out _, "D12", CultureInfo.InvariantCulture);
            _text.Slice(_number++).CopyTo(request.AsSpan(_textsAt[record]));
        }

        return request;
    }

    public int Accept(int connection, int status, ReadOnlySpan<byte> body)
    {
        var isStored = _recordsEach == 1
            ? status == 201
            : status == 200 && body.LastIndexOf(Encoding.ASCII.GetBytes($"\"stored\":{_recordsEach},")) >= 0;
        return isStored
            ? _recordsEach
            : throw new InvalidOperationException($"A write was answered with {status}: {Encoding.UTF8.GetString(body[..Math.Min(body.Length, 2000)])}");
    }
}
