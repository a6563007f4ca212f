using System.Text.Json;
using Sophia.Memory.Search;

namespace Sophia.Api.Search;

/// <summary>The passages of a hit.</summary>
internal static class HighlightJson
{
    public static void Write(Utf8JsonWriter json, IReadOnlyList<Highlight> highlights)
    {
        json.WriteStartArray("highlights");
        foreach (var highlight in highlights)
        {
            json.WriteStartObject();
            json.WriteString("text", highlight.Text);
            json.WriteStartArray("ranges");
            foreach (var range in highlight.Ranges)
            {
                json.WriteStartArray();
                json.WriteNumberValue(range.Start);
                json.WriteNumberValue(range.Length);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
