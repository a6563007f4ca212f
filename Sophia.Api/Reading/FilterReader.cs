using System.Text.Json;
using Sophia.Api.Problems;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Api.Reading;

/// <summary>Filters as search and forget take them, in JSON.</summary>
internal static class FilterReader
{
    private const int MaxConditions = 64;
    private const int MaxInValues = 1000;
    private const string Forms = "Write a bare value for equality, or an object of eq, ne, lt, le, gt, ge, in, exists, missing.";

    public static RecordFilter? Read(BodyObject owner, string name, RecordLimits limits)
    {
        if (owner.Object(name) is not { } json)
        {
            return null;
        }

        json.Allow("allTags", "anyTags", "noTags", "keyPrefix", "createdFrom", "createdTo", "updatedFrom", "updatedTo", "validAt", "attributes");
        return new RecordFilter
        {
            AllTags = json.Texts("allTags", limits.Tags, limits.TagChars),
            AnyTags = json.Texts("anyTags", limits.Tags, limits.TagChars),
            NoTags = json.Texts("noTags", limits.Tags, limits.TagChars),
            KeyPrefix = json.KeyPrefix("keyPrefix", limits.KeyChars),
            CreatedFrom = json.Time("createdFrom"),
            CreatedTo = json.Time("createdTo"),
            UpdatedFrom = json.Time("updatedFrom"),
            UpdatedTo = json.Time("updatedTo"),
            ValidAt = json.Time("validAt"),
            Attributes = json.Object("attributes") is { } attributes ? Conditions(attributes) : [],
        };
    }

    private static List<AttributeCondition> Conditions(BodyObject attributes)
    {
        var conditions = new List<AttributeCondition>();
        foreach (var (name, value) in attributes.Properties())
        {
            var at = attributes.At(name);
            if (value.ValueKind == JsonValueKind.Object)
            {
                var before = conditions.Count;
                foreach (var (op, operand) in BodyObject.Of(value, at).Properties())
                {
                    conditions.Add(Condition(name, op, operand, at));
                }

                if (conditions.Count == before)
                {
                    throw Refuse.Field(at, "It has no comparison.", Forms);
                }
            }
            else
            {
                conditions.Add(new AttributeCondition(name, Comparison.Equal, [Scalar(value, at)]));
            }

            if (conditions.Count > MaxConditions)
            {
                throw Refuse.Field(attributes.At(""), $"There are over {MaxConditions} conditions.", "Filter by fewer.");
            }
        }

        return conditions;
    }

    private static AttributeCondition Condition(string name, string op, JsonElement operand, string at)
    {
        if (op is "exists" or "missing")
        {
            if (operand.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            {
                throw Refuse.Field($"{at}.{op}", "It is true or false.", Forms);
            }

            return new AttributeCondition(name, operand.GetBoolean() == (op == "exists") ? Comparison.Exists : Comparison.Missing, []);
        }

        if (op == "in")
        {
            BodyObject.Require(operand, JsonValueKind.Array, $"{at}.in");
            if (operand.GetArrayLength() is 0 or > MaxInValues)
            {
                throw Refuse.Field($"{at}.in", $"It has {operand.GetArrayLength():N0} values, 1 to {MaxInValues:N0} are taken.", Forms);
            }

            return new AttributeCondition(name, Comparison.In, [.. operand.EnumerateArray().Select((v, i) => Scalar(v, $"{at}.in[{i}]"))]);
        }

        return ComparisonOf(op) is { } comparison
            ? new AttributeCondition(name, comparison, [Scalar(operand, $"{at}.{op}")])
            : throw Refuse.Field(at, "There is no such comparison.", Forms);
    }

    /// <summary>Comparisons with one value; null for another word.</summary>
    public static Comparison? ComparisonOf(string op) => op switch
    {
        "eq" => Comparison.Equal,
        "ne" => Comparison.NotEqual,
        "lt" => Comparison.Less,
        "le" => Comparison.LessOrEqual,
        "gt" => Comparison.Greater,
        "ge" => Comparison.GreaterOrEqual,
        _ => null,
    };

    private static AttributeValue Scalar(JsonElement value, string at) => value.ValueKind switch
    {
        JsonValueKind.String => new AttributeValue(BodyObject.TextOf(value, at), null, null),
        JsonValueKind.True or JsonValueKind.False => new AttributeValue(null, null, value.GetBoolean()),
        JsonValueKind.Number when value.TryGetDouble(out var number) && double.IsFinite(number) => new AttributeValue(null, number, null),
        _ => throw Refuse.Field(at, "An attribute is compared with a string, a finite number, true or false.", Forms),
    };
}
