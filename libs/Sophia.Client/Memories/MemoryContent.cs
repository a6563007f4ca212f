using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <summary>The content of a record: text, or any other JSON value. (Bytes travel beside it, see <see cref="MemoryDraft.Bytes"/>.)</summary>
[JsonConverter(typeof(MemoryContentConverter))]
public readonly record struct MemoryContent
{
    private readonly string? _text;
    private readonly JsonElement _json;

    public MemoryContent(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _text = text;
    }

    /// <param name="json">Any JSON value; a string becomes text.</param>
    public MemoryContent(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String) _text = json.GetString();
        else _json = json;
    }

    public static implicit operator MemoryContent(string text) => FromString(text);

    public static MemoryContent FromString(string text) => new(text);

    /// <summary>Null when the content is a JSON value other than a string.</summary>
    public string? Text => _text;

    /// <summary>The JSON value; <see cref="JsonValueKind.Undefined"/> when the content is text.</summary>
    public JsonElement Json => _json;

    /// <summary>The text, or the JSON as it was written.</summary>
    public override string ToString() =>
        _text ?? (_json.ValueKind == JsonValueKind.Undefined ? "" : _json.GetRawText());
}

/// <summary>A string is text, all else the JSON value that it is. Public for callers who generate JSON contexts of their own.</summary>
public sealed class MemoryContentConverter : JsonConverter<MemoryContent>
{
    // `"content": null` is the JSON value null, which may be remembered.
    public override bool HandleNull => true;

    public override MemoryContent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? new MemoryContent(reader.GetString()!)
            : new MemoryContent(JsonElement.ParseValue(ref reader));

    public override void Write(Utf8JsonWriter writer, MemoryContent value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value.Text is { } text) writer.WriteStringValue(text);
        else if (value.Json.ValueKind == JsonValueKind.Undefined) writer.WriteNullValue();
        else value.Json.WriteTo(writer);
    }
}
