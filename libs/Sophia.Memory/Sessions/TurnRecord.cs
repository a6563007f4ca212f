using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sophia.Memory.Records;

namespace Sophia.Memory.Sessions;

/// <summary>How a turn is kept as a record: the text is the content, role and tokens are attributes beside the caller's own.</summary>
internal static class TurnRecord
{
    public static string Prefix(string sessionId) => sessionId + "/";

    public static RecordDraft ToDraft(string key, TurnDraft turn)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("role", turn.Role);
            writer.WriteNumber("tokens", TokensOf(turn));
            if (!turn.Attributes.IsEmpty)
            {
                writer.WritePropertyName("attributes");
                writer.WriteRawValue(turn.Attributes.Span);
            }

            writer.WriteEndObject();
        }

        return new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes(turn.Content), Attributes = buffer.WrittenMemory };
    }

    public static Turn Read(MemoryRecord record)
    {
        using var json = JsonDocument.Parse(record.Attributes);
        var attributes = json.RootElement.TryGetProperty("attributes", out var own) ? Encoding.UTF8.GetBytes(own.GetRawText()) : [];
        return new Turn(
            NumberOf(record.Key), json.RootElement.GetProperty("role").GetString() ?? "", Encoding.UTF8.GetString(record.Content.Span),
            attributes, json.RootElement.GetProperty("tokens").GetInt32(), record.CreatedAt, record.Sequence);
    }

    /// <summary>The turn's attributes with its place, by which search knows the turns around it: <c>conversation</c> and <c>position</c>.</summary>
    public static ReadOnlyMemory<byte> PlacedIn(string sessionId, MemoryRecord record)
    {
        using var json = JsonDocument.Parse(record.Attributes);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var property in json.RootElement.EnumerateObject())
            {
                property.WriteTo(writer);
            }

            writer.WriteString("conversation", sessionId);
            writer.WriteNumber("position", NumberOf(record.Key));
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    public static long NumberOf(string key) =>
        long.Parse(key.AsSpan(key.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture);

    private static int TokensOf(TurnDraft turn) => turn.Tokens ?? ((turn.Content.Length + 3) / 4);
}
