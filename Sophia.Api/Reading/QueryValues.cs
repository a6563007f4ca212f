using System.Globalization;
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

    public bool Truth(string name) => One(name) switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw Refuse.Field(name, "It is neither true nor false.", $"Send {name}=true, or leave it out."),
    };

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
            Attributes = [.. Many("attr").Select(AttributeQuery.Read)],
            CreatedFrom = Time("createdFrom"),
            CreatedTo = Time("createdTo"),
            UpdatedFrom = Time("updatedFrom"),
            UpdatedTo = Time("updatedTo"),
            ValidAt = Time("validAt"),
        };
    }
}
