using System.Globalization;
using System.Text.Json;
using Sophia.Api.Problems;
using Sophia.Memory.Search;

namespace Sophia.Api.Reading;

/// <summary>The query of an address: a misspelt parameter is refused, since a filter that is passed over finds too much.</summary>
internal readonly struct QueryValues
{
    private const int MaxRepeats = 64;
    private readonly IQueryCollection _query;

    /// <exception cref="ProblemException">A parameter that is not among the known.</exception>
    public QueryValues(HttpRequest request, params ReadOnlySpan<string> known)
    {
        _query = request.Query;
        foreach (var (name, _) in _query)
        {
            if (!known.Contains(name))
            {
                throw Refuse.Field(name.Length <= 64 ? name : name[..64] + "…", "There is no such parameter here.", known.Length == 0 ? "Leave it out." : $"Known are: {string.Join(", ", known.ToArray())}.");
            }
        }
    }

    public string? One(string name)
    {
        var values = _query[name];
        return values.Count <= 1 ? values.Count == 0 ? null : values[0] : throw Refuse.Field(name, "The parameter is there several times.", "Give it once.");
    }

    public string[] Many(string name)
    {
        var values = _query[name];
        return values.Count <= MaxRepeats
            ? [.. values.Select(v => v ?? "")]
            : throw Refuse.Field(name, $"The parameter is there {values.Count:N0} times, the limit is {MaxRepeats}.", "Filter by fewer.");
    }

    public int? Whole(string name, int min, int max)
    {
        if (One(name) is not { } text)
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw Refuse.Field(name, $"It is not a whole number from {min:N0} to {max:N0}.", "Send a number in this range, or leave it out.");
    }

    public DateTimeOffset? Time(string name)
    {
        if (One(name) is not { } text)
        {
            return null;
        }

        return Times.TryParse(text, out var time)
            ? time
            : throw Refuse.Field(name, "It is not a time of RFC 3339 with an offset.", "Write it as 2027-01-31T12:00:00Z.");
    }

    public RecordFilter Filter(int keyChars)
    {
        var prefix = One("prefix");
        if (prefix is not null && (prefix.Length > keyChars || !Sophia.Memory.Records.DraftRules.IsWellFormed(prefix)))
        {
            throw Refuse.Field("prefix", $"It has over {keyChars} characters, or characters that no key has.", "Shorten it.");
        }

        return new RecordFilter
        {
            KeyPrefix = string.IsNullOrEmpty(prefix) ? null : prefix,
            AllTags = Many("tag"),
            AnyTags = Many("anyTag"),
            NoTags = Many("noTag"),
            Attributes = [.. Many("attr").Select(Condition)],
            CreatedFrom = Time("createdFrom"),
            CreatedTo = Time("createdTo"),
            UpdatedFrom = Time("updatedFrom"),
            UpdatedTo = Time("updatedTo"),
            ValidAt = Time("validAt"),
        };
    }

    /// <summary>name:op:value, where the value is JSON or a bare string; name:exists and name:missing have none.</summary>
    internal static AttributeCondition Condition(string text)
    {
        const string Form = "Write attr=name:op:value with eq, ne, lt, le, gt, ge, or attr=name:exists, attr=name:missing.";
        var parts = text.Split(':', 3);
        if (parts.Length < 2 || parts[0].Length == 0)
        {
            throw Refuse.Field("attr", "It is not name:op:value.", Form);
        }

        if (parts[1] is "exists" or "missing")
        {
            return parts.Length == 2 || parts[2].Length == 0
                ? new AttributeCondition(parts[0], parts[1] == "exists" ? Comparison.Exists : Comparison.Missing, [])
                : throw Refuse.Field("attr", $"'{parts[1]}' takes no value.", Form);
        }

        return parts.Length == 3 && FilterReader.ComparisonOf(parts[1]) is { } comparison
            ? new AttributeCondition(parts[0], comparison, [Value(parts[2])])
            : throw Refuse.Field("attr", "It has no known comparison, or no value.", Form);
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
