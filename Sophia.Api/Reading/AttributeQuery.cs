using System.Text.Json;
using Sophia.Api.Problems;
using Sophia.Memory.Search;

namespace Sophia.Api.Reading;

/// <summary>
/// A condition on an attribute in an address: <c>name:op:value</c>, where the value is JSON or a bare string; <c>name:exists</c> and
/// <c>name:missing</c> have none. A name with a colon in it, or a quote before it, stands in quotes, as a string of JSON: what follows the
/// first colon could be meant for a comparison otherwise.
/// </summary>
internal static class AttributeQuery
{
    private const string Form = "Write attr=name:op:value with eq, ne, lt, le, gt, ge, or attr=name:exists, attr=name:missing. A name with a colon stands in quotes: \"a:b\":eq:1.";

    /// <exception cref="ProblemException">invalid-request: it is of another form.</exception>
    public static AttributeCondition Read(string text)
    {
        var end = text.StartsWith('"') ? EndOfQuotes(text) : text.IndexOf(':', StringComparison.Ordinal);
        if (end < 1 || end == text.Length || text[end] != ':')
        {
            throw Refuse.Field("attr", "It is not name:op:value.", Form);
        }

        var name = text[0] == '"' ? Quoted(text[..end]) : text[..end];
        var parts = text[(end + 1)..].Split(':', 2);
        if (parts[0] is "exists" or "missing")
        {
            return parts.Length == 1 || parts[1].Length == 0
                ? new AttributeCondition(name, parts[0] == "exists" ? Comparison.Exists : Comparison.Missing, [])
                : throw Refuse.Field("attr", $"'{parts[0]}' takes no value.", Form);
        }

        return parts.Length == 2 && FilterReader.ComparisonOf(parts[0]) is { } comparison
            ? new AttributeCondition(name, comparison, [Value(parts[1])])
            : throw Refuse.Field("attr", "It has no known comparison, or no value.", Form);
    }

    // The place behind the closing quote; the text's length when there is none.
    private static int EndOfQuotes(string text)
    {
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                return i + 1;
            }

            i += text[i] == '\\' ? 1 : 0;
        }

        return text.Length;
    }

    private static string Quoted(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return BodyObject.TextOf(document.RootElement, "attr");
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw Refuse.Field("attr", "The name begins with a quote and is no string of JSON.", Form);
        }
    }

    private static AttributeValue Value(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var value = document.RootElement;
            return value.ValueKind switch
            {
                JsonValueKind.String => new AttributeValue(BodyObject.TextOf(value, "attr"), null, null),
                JsonValueKind.True or JsonValueKind.False => new AttributeValue(null, null, value.GetBoolean()),
                JsonValueKind.Number when value.TryGetDouble(out var number) && double.IsFinite(number) => new AttributeValue(null, number, null),
                _ => throw Refuse.Field("attr", "An attribute is compared with a string, a finite number, true or false.", "Put a string that reads as JSON in quotes."),
            };
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return new AttributeValue(text, null, null);
        }
    }
}
