using System.Text.Json;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Shards;

/// <summary>Reads the top level of an attributes object into cells. Of a name that comes twice, the last counts.</summary>
internal static class AttributeReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 1024 };

    /// <param name="json">A JSON object, or nothing.</param>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static ParsedAttribute[] Read(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return [];
        }

        var cells = new List<ParsedAttribute>();
        var lasts = new Dictionary<string, int>(StringComparer.Ordinal);
        var isRepeated = false;
        var reader = new Utf8JsonReader(json, Options);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return [];
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!JsonText.TryRead(ref reader, out var name))
            {
                reader.Read();
                reader.Skip();
                continue;
            }

            isRepeated |= !lasts.TryAdd(name, cells.Count);
            lasts[name] = cells.Count;
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                ReadArray(ref reader, name, cells);
            }
            else
            {
                cells.Add(ReadScalar(ref reader, name));
            }
        }

        return isRepeated ? LastOnly(cells, lasts) : [.. cells];
    }

    // Once for all of them: an object may repeat its names thousands of times.
    private static ParsedAttribute[] LastOnly(List<ParsedAttribute> cells, Dictionary<string, int> lasts)
    {
        var kept = new List<ParsedAttribute>(cells.Count);
        for (var i = 0; i < cells.Count; i++)
        {
            if (i >= lasts[cells[i].Name])
            {
                kept.Add(cells[i]);
            }
        }

        return [.. kept];
    }

    private static void ReadArray(ref Utf8JsonReader reader, string name, List<ParsedAttribute> cells)
    {
        cells.Add(new ParsedAttribute(name, CellKind.Other, null, 0));
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var cell = ReadScalar(ref reader, name);
            if (cell.Kind != CellKind.Other)
            {
                cells.Add(cell);
            }
        }
    }

    private static ParsedAttribute ReadScalar(ref Utf8JsonReader reader, string name)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String when JsonText.TryRead(ref reader, out var text):
                return new ParsedAttribute(name, CellKind.Text, text, 0);
            case JsonTokenType.Number:
                return new ParsedAttribute(name, CellKind.Number, null, reader.GetDouble());
            case JsonTokenType.True:
                return new ParsedAttribute(name, CellKind.True, null, 0);
            case JsonTokenType.False:
                return new ParsedAttribute(name, CellKind.False, null, 0);
            default:
                reader.Skip();
                return new ParsedAttribute(name, CellKind.Other, null, 0);
        }
    }

    internal readonly record struct ParsedAttribute(string Name, CellKind Kind, string? Text, double Number);
}
