using System.Buffers;
using System.Text.Json;
using Sophia.Memory.Records;

namespace Sophia.Memory.Cortex;

/// <summary>An answer as it is kept: the content of a record, JSON, of which only this type knows the form.</summary>
internal sealed record KeptAnswer(
    string Text, string? FinishReason, string Model, long InputTokens, long OutputTokens, bool TokensEstimated, Cost Cost, long LatencyMs, DateTimeOffset AnsweredAt)
{
    public const string ContentType = "application/vnd.sophia.answer+json";

    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>(Text.Length + 256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("text", Text);
            json.WriteString("finishReason", FinishReason);
            json.WriteString("model", Model);
            json.WriteNumber("inputTokens", InputTokens);
            json.WriteNumber("outputTokens", OutputTokens);
            json.WriteBoolean("tokensEstimated", TokensEstimated);
            json.WriteNumber("nanoDollars", Cost.NanoDollars);
            json.WriteNumber("nanoCredits", Cost.NanoCredits);
            json.WriteNumber("latencyMs", LatencyMs);
            json.WriteNumber("answeredAt", AnsweredAt.ToUnixTimeMilliseconds());
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Null when the record holds something else.</summary>
    public static KeptAnswer? Decode(MemoryRecord record)
    {
        if (record.ContentType != ContentType)
        {
            return null;
        }

        using var document = JsonDocument.Parse(record.Content);
        var json = document.RootElement;
        return new KeptAnswer(
            json.GetProperty("text").GetString()!, json.GetProperty("finishReason").GetString(), json.GetProperty("model").GetString()!,
            json.GetProperty("inputTokens").GetInt64(), json.GetProperty("outputTokens").GetInt64(), json.GetProperty("tokensEstimated").GetBoolean(),
            new Cost(json.GetProperty("nanoDollars").GetInt64(), json.GetProperty("nanoCredits").GetInt64()), json.GetProperty("latencyMs").GetInt64(),
            DateTimeOffset.FromUnixTimeMilliseconds(json.GetProperty("answeredAt").GetInt64()));
    }
}
