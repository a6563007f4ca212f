using System.Text.Json;
using Sophia.Api.Problems;

namespace Sophia.Api.Reading;

/// <summary>What is wrong with JSON that cannot be read, and where.</summary>
internal static class MalformedJson
{
    private const string Numbers = "is no number of JSON, which has finite ones alone: leave the field out, or send null.";

    /// <param name="json">What was read.</param>
    /// <param name="otherwise">What else such an error may mean.</param>
    public static ProblemException Of(JsonException error, ReadOnlySpan<byte> json, string otherwise)
    {
        if (error.LineNumber is not { } line || error.BytePositionInLine is not { } position)
        {
            return Refuse.Malformed($"The JSON is not well-formed{otherwise}.");
        }

        var at = $"at line {line + 1}, byte {position + 1}";
        for (; line > 0 && json.IndexOf((byte)'\n') is >= 0 and var end; line--)
        {
            json = json[(end + 1)..];
        }

        json = json[(int)Math.Min(position, json.Length)..];
        return json.StartsWith("NaN"u8) ? Refuse.Malformed($"NaN, {at}, {Numbers}")
            : json.StartsWith("Infinity"u8) || json.StartsWith("-Infinity"u8) ? Refuse.Malformed($"Infinity, {at}, {Numbers}")
            : Refuse.Malformed($"The JSON is not well-formed {at}{otherwise}.");
    }
}
