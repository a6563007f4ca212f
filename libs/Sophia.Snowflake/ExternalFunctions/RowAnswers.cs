using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;

namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>The rows that go back: {"data":[[0,value],[1,value]]}, one for each that came, with its number, in its order.</summary>
public static class RowAnswers
{
    /// <param name="value">Writes exactly one JSON value, the answer to the row of that index.</param>
    /// <param name="limits">How many bytes an answer may have.</param>
    /// <exception cref="BatchRefusedException">answer-too-large (413).</exception>
    public static byte[] Write(RowBatch batch, Action<int, Utf8JsonWriter> value, BatchLimits limits)
    {
        var buffer = new BoundedBuffer(64 + (batch.Rows.Count * 32), limits.MaxAnswerBytes);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("data");
            for (var i = 0; i < batch.Rows.Count; i++)
            {
                json.WriteStartArray();
                json.WriteNumberValue(batch.Rows[i].Number);
                value(i, json);
                json.WriteEndArray();
                if (json.BytesPending > 1 << 16)
                {
                    json.Flush();
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>The value of Content-MD5, by which Snowflake sees that nothing was lost on the way (RFC 1864). It guards against faults, not against people.</summary>
    [SuppressMessage("Security", "CA5351", Justification = "The header's definition names MD5.")]
    public static string ContentMd5(ReadOnlySpan<byte> body) => Convert.ToBase64String(MD5.HashData(body));
}
