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
    private const int FewValues = 8;
    private const int FewElements = 16;

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
        _ when attribute.ValueKind == JsonValueKind.Array => MatchesElement(condition, attribute),
        _ => ValueOf(attribute) is { } own && MatchesAny(condition, own),
    };

    private static bool MatchesElement(AttributeCondition condition, JsonElement array)
    {
        // Where both are long, each element is looked up, not held against each value.
        var values = condition.Comparison == Comparison.In && condition.Values.Count > FewValues && array.GetArrayLength() > FewElements ? condition.Values.ToHashSet() : null;
        foreach (var element in array.EnumerateArray())
        {
            if (ValueOf(element) is { } own && (values?.Contains(own) ?? MatchesAny(condition, own)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool MatchesAny(AttributeCondition condition, AttributeValue own)
    {
        foreach (var value in condition.Values)
        {
            if (MatchesScalar(condition.Comparison, own, value))
            {
                return true;
            }
        }

        return false;
    }

    private static bool MatchesScalar(Comparison comparison, AttributeValue own, AttributeValue value) => own switch
    {
        { Text: { } text } => value.Text is { } other && MatchesOrder(comparison, string.CompareOrdinal(text, other)),
        { Number: { } number } => value.Number is { } other && MatchesOrder(comparison, number.CompareTo(other)),
        { Truth: { } truth } => value.Truth is { } other && comparison switch
        {
            Comparison.Equal or Comparison.In => truth == other,
            Comparison.NotEqual => truth != other,
            _ => false,
        },
        _ => false,
    };

    /// <summary>Null for what is no scalar.</summary>
    private static AttributeValue? ValueOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => TextOf(element) is { } text ? new AttributeValue(text, null, null) : null,
        JsonValueKind.Number => new AttributeValue(null, element.GetDouble(), null),
        JsonValueKind.True or JsonValueKind.False => new AttributeValue(null, null, element.GetBoolean()),
        _ => null,
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
