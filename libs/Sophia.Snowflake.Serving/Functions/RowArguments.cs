using System.Text.Json;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Serving.Functions;

/// <summary>Reads the arguments of a row, or refuses the batch naming the row: SQL has no half answers.</summary>
internal readonly ref struct RowArguments(BatchRow row)
{
    private readonly BatchRow _row = row;

    public JsonElement this[int i] => _row.Arguments[i];

    /// <summary>A text, or null where SQL has NULL.</summary>
    /// <exception cref="BatchRefusedException">invalid-argument</exception>
    public string? Text(int i, string name) => this[i].ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => TextOf(this[i]) ?? throw Wrong(name, "is no text of Unicode", "Give a VARCHAR."),
        _ => throw Wrong(name, "is not a text", "Give a VARCHAR, or cast with ::VARCHAR."),
    };

    /// <summary>A whole number within the bounds, or null where SQL has NULL.</summary>
    /// <exception cref="BatchRefusedException">invalid-argument</exception>
    public int? Whole(int i, string name, int least, int most)
    {
        var value = this[i];
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        // Snowflake sends NUMBER as a number or, when it would not fit a double, as text.
        var text = value.ValueKind == JsonValueKind.String ? TextOf(value) : value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null;
        return int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var whole) && whole >= least && whole <= most
            ? whole
            : throw Wrong(name, $"is not a whole number from {least} to {most}", "Give a NUMBER(38,0) within these.");
    }

    /// <summary>The texts of an ARRAY, which also may come as the text of its JSON; null where SQL has NULL.</summary>
    /// <exception cref="BatchRefusedException">invalid-argument</exception>
    public string[]? Texts(int i, string name, int most)
    {
        var value = this[i];
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && Parse(value) is { } parsed)
        {
            value = parsed;
        }

        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > most)
        {
            throw Wrong(name, $"is not an array of at most {most} texts", "Give an ARRAY, such as ARRAY_AGG(text).");
        }

        var texts = new string[value.GetArrayLength()];
        var at = 0;
        foreach (var item in value.EnumerateArray())
        {
            texts[at++] = (item.ValueKind == JsonValueKind.String ? TextOf(item) : null) ?? throw Wrong(name, "holds something that is not a text", "Give an ARRAY of VARCHAR.");
        }

        return texts;
    }

    /// <summary>The numbers of an ARRAY or VECTOR, or null when it is none.</summary>
    /// <exception cref="BatchRefusedException">invalid-argument: an array with something else in it.</exception>
    public float[]? Vector(int i, string name, int most)
    {
        if (this[i].ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        if (this[i].GetArrayLength() is 0 || this[i].GetArrayLength() > most)
        {
            throw Wrong(name, $"is not a vector of 1 to {most} numbers", "Give an ARRAY of numbers.");
        }

        var vector = new float[this[i].GetArrayLength()];
        var at = 0;
        foreach (var item in this[i].EnumerateArray())
        {
            vector[at++] = item.ValueKind == JsonValueKind.Number && item.TryGetSingle(out var number) && float.IsFinite(number)
                ? number
                : throw Wrong(name, "holds something that is not a number of 32 bits", "Give an ARRAY of finite numbers.");
        }

        return vector;
    }

    /// <summary>The refusal of this row's argument.</summary>
    public BatchRefusedException Wrong(string name, string what, string suggestion) =>
        new(400, "invalid-argument", $"In row {_row.Number}, {name} {what}.", suggestion);

    private static string? TextOf(JsonElement element)
    {
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, escaped.
            return null;
        }
    }

    private static JsonElement? Parse(JsonElement text)
    {
        try
        {
            using var document = JsonDocument.Parse(TextOf(text) ?? "");
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
