using System.Text.Json;
using System.Text.Json.Serialization;
using Sophia.Client;

namespace Sophia.Cli.Import;

/// <summary>Reads a line as strictly as the API reads a record. Of the 64 levels that the API reads, the batch around it takes two.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.Strict,
    AllowDuplicateProperties = false,
    MaxDepth = 62,
    Converters = [typeof(OffsetTimeConverter)])]
[JsonSerializable(typeof(MemoryDraft))]
internal sealed partial class LineJson : JsonSerializerContext;

/// <summary>A time without an offset would be another moment on each machine.</summary>
internal sealed class OffsetTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        // The date before has dashes of its own.
        var hasOffset = reader.ValueSpan.Length > 10 && reader.ValueSpan[10..].IndexOfAny("Z+-"u8) >= 0;
        return hasOffset && reader.TryGetDateTimeOffset(out var time)
            ? time
            : throw new JsonException("It is not a time of RFC 3339 with an offset, such as 2027-01-31T12:00:00Z.");
    }

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}
