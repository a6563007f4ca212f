using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sophia.SnowflakeEmulator;

/// <summary>The form of every answer: data, code, message, success. Drivers read <c>data</c> of failures too, so it is never null.</summary>
internal static class Envelope
{
    public static IResult Success(JsonObject? data = null, string? code = null) => Answer(data ?? [], code, null, true, 200);

    /// <summary>With one more member of the data, which is JSON already.</summary>
    public static IResult Success(JsonObject data, string member, ReadOnlySpan<byte> json)
    {
        var bytes = new ArrayBufferWriter<byte>(json.Length + 4096);
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("data");
            foreach (var (name, value) in data)
            {
                writer.WritePropertyName(name);
                if (value is null) writer.WriteNullValue();
                else value.WriteTo(writer);
            }
            writer.WritePropertyName(member);
            writer.WriteRawValue(json, skipInputValidation: true);
            writer.WriteEndObject();
            writer.WriteNull("code");
            writer.WriteNull("message");
            writer.WriteBoolean("success", true);
            writer.WriteEndObject();
        }
        return Results.Bytes(bytes.WrittenMemory, "application/json");
    }

    /// <summary>A refusal that the drivers handle by its code; HTTP says 200.</summary>
    public static IResult Failure(string code, string message, JsonObject? data = null) => Answer(data ?? [], code, message, false, 200);

    /// <summary>The request is no request of the protocol. The number is this program's own: Snowflake publishes none for it.</summary>
    public static IResult Malformed(string message, int status = 400) => Answer([], "390400", message, false, status);

    private static IResult Answer(JsonObject data, string? code, string? message, bool success, int status) =>
        Results.Text(new JsonObject { ["data"] = data, ["code"] = code, ["message"] = message, ["success"] = success }.ToJsonString(), "application/json", statusCode: status);
}
