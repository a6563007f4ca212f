using System.Text.Json;
using Sophia.Memory.Records;

namespace Sophia.Memory.Search;

/// <summary>
/// What a filter means, on one record. Text is compared by UTF-16 units, numbers as double precision; truth values have no
/// order. NotEqual asks for an attribute of the value's type that differs: a missing one does not match, and of an array
/// one differing element is enough. An attribute that is null, an object or an empty array exists and equals nothing.
/// Of a name that comes twice in an object, the last counts. Expiry is not part of it.
/// </summary>
public static class RecordFilterMatcher
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 1024 };

    /// <exception cref="JsonException">The record's attributes are no JSON.</exception>
    public static bool Matches(RecordFilter filter, MemoryRecord record)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(record);
        return filter.IsEmpty ||
            (MatchesTimes(filter, record) && MatchesTags(filter, record.Tags) &&
             (filter.KeyPrefix is not { } prefix || record.Key.StartsWith(prefix, StringComparison.Ordinal)) &&
             MatchesAttributes(filter.Attributes, record.Attributes));
    }

    private static bool MatchesTimes(RecordFilter filter, MemoryRecord record) =>
        !(record.CreatedAt < filter.CreatedFrom) && !(record.CreatedAt >= filter.CreatedTo) &&
        !(record.UpdatedAt < filter.UpdatedFrom) && !(record.UpdatedAt >= filter.UpdatedTo) &&
        (filter.ValidAt is not { } at || (!(record.ValidFrom > at) && !(record.ValidTo <= at)));

    private static bool MatchesTags(RecordFilter filter, IReadOnlyList<string> tags) =>
        filter.AllTags.All(tags.Contains) &&
        (filter.AnyTags.Count == 0 || filter.AnyTags.Any(tags.Contains)) &&
        !filter.NoTags.Any(tags.Contains);

    private static bool MatchesAttributes(IReadOnlyList<AttributeCondition> conditions, ReadOnlyMemory<byte> attributes)
    {
        if (conditions.Count == 0)
        {
            return true;
        }

        if (attributes.IsEmpty)
        {
            return conditions.All(condition => condition.Comparison == Comparison.Missing);
        }

        using var document = JsonDocument.Parse(attributes, Options);
        var root = document.RootElement;
        return conditions.All(condition =>
            root.ValueKind == JsonValueKind.Object && root.TryGetProperty(condition.Name, out var value)
                ? MatchesPresent(condition, value)
                : condition.Comparison == Comparison.Missing);
    }

    private static bool MatchesPresent(AttributeCondition condition, JsonElement attribute) => condition.Comparison switch
    {
        Comparison.Missing => false,
        Comparison.Exists => true,
        _ when attribute.ValueKind == JsonValueKind.Array =>
            attribute.EnumerateArray().Any(element => condition.Values.Any(value => MatchesScalar(condition.Comparison, element, value))),
        _ => condition.Values.Any(value => MatchesScalar(condition.Comparison, attribute, value)),
    };

    private static bool MatchesScalar(Comparison comparison, JsonElement scalar, AttributeValue value) => scalar.ValueKind switch
    {
        JsonValueKind.String when value.Text is { } text && TextOf(scalar) is { } own => MatchesOrder(comparison, string.CompareOrdinal(own, text)),
        JsonValueKind.Number when value.Number is { } number => MatchesOrder(comparison, scalar.GetDouble().CompareTo(number)),
        JsonValueKind.True or JsonValueKind.False when value.Truth is { } truth => comparison switch
        {
            Comparison.Equal or Comparison.In => scalar.GetBoolean() == truth,
            Comparison.NotEqual => scalar.GetBoolean() != truth,
            _ => false,
        },
        _ => false,
    };

    private static bool MatchesOrder(Comparison comparison, int order) => comparison switch
    {
        Comparison.Equal or Comparison.In => order == 0,
        Comparison.NotEqual => order != 0,
        Comparison.Less => order < 0,
        Comparison.LessOrEqual => order <= 0,
        Comparison.Greater => order > 0,
        Comparison.GreaterOrEqual => order >= 0,
        _ => false,
    };

    /// <summary>Null for half a surrogate pair written as an escape: JSON's grammar lets it through, but it is no text.</summary>
    private static string? TextOf(JsonElement text)
    {
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
