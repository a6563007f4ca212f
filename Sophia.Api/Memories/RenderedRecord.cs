using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Primitives;
using Sophia.Api.Answering;
using Sophia.Memory.Caching;
using Sophia.Memory.Records;

namespace Sophia.Api.Memories;

/// <summary>A record in the bytes and header values in which it is answered; made once for each entry of the near copy.</summary>
internal sealed class RenderedRecord
{
    private RenderedRecord(byte[] body, string etag, string sequence) =>
        (Body, ETag, Sequence, Length) = (body, etag, sequence, body.Length);

    public byte[] Body { get; }

    public string ETag { get; }

    public StringValues Sequence { get; }

    public long? Length { get; }

    public static RenderedRecord Of(NearEntry entry)
    {
        if (entry.Rendering is RenderedRecord kept)
        {
            return kept;
        }

        var rendered = Of(entry.Record);
        entry.Rendering = rendered;
        return rendered;
    }

    public static RenderedRecord Of(MemoryRecord record, bool withVector = false)
    {
        var buffer = new ArrayBufferWriter<byte>(512 + record.Content.Length);
        using var json = new Utf8JsonWriter(buffer, JsonBody.WriterOptions);
        RecordJson.Write(json, record, withVector);
        json.Flush();
        return new RenderedRecord(buffer.WrittenSpan.ToArray(), Answering.ETag.Of(record.Sequence), record.Sequence.ToToken());
    }
}
