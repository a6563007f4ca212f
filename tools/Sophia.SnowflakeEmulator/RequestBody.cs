using System.Text.Json;

namespace Sophia.SnowflakeEmulator;

/// <summary>The request is not what the protocol says; the message tells what is wrong.</summary>
internal sealed class MalformedRequestException(string message) : Exception(message);

/// <summary>Reads bodies and their members; whatever is of another kind than the protocol says is refused.</summary>
internal static class RequestBody
{
    /// <exception cref="MalformedRequestException">No JSON, or no object.</exception>
    public static async Task<JsonElement> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, default, cancellationToken);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new MalformedRequestException("The body must be a JSON object.");
        }
        catch (JsonException error) { throw new MalformedRequestException($"The body is not JSON: {error.Message}"); }
        catch (InvalidDataException error) { throw new MalformedRequestException($"The body is not compressed as its header says: {error.Message}"); }
    }

    /// <exception cref="MalformedRequestException">A member's name holds half of a surrogate pair.</exception>
    public static JsonElement Member(this JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object ? Whole(() => body.TryGetProperty(name, out var value) ? value : default, "A name") : default;

    /// <returns>The text, or null where the member is missing or null.</returns>
    public static string? Text(this JsonElement body, string name)
    {
        var value = body.Member(name);
        return value.ValueKind switch
        {
            JsonValueKind.String => Whole(value.GetString, name)!,
            JsonValueKind.Undefined or JsonValueKind.Null => null,
            _ => throw new MalformedRequestException($"{name} must be a text."),
        };
    }

    public static bool Flag(this JsonElement body, string name) => body.Member(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False or JsonValueKind.Undefined or JsonValueKind.Null => false,
        _ => throw new MalformedRequestException($"{name} must be true or false."),
    };

    /// <summary>What is read of a name or a text, which JSON may spell as no text can be.</summary>
    /// <exception cref="MalformedRequestException"/>
    public static T Whole<T>(Func<T> read, string what)
    {
        try { return read(); }
        catch (InvalidOperationException) { throw new MalformedRequestException($"{what} holds half of a surrogate pair."); }
    }
}
