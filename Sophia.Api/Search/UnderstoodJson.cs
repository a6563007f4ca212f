using System.Text.Json;
using Sophia.Api.Answering;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.Search;

/// <summary>What a search read out of its query.</summary>
internal static class UnderstoodJson
{
    public static void Write(Utf8JsonWriter json, SearchAnswer answer)
    {
        json.WriteStartObject("understood");
        WriteTexts(json, "phrases", answer.Phrases);
        json.WriteStartArray("dates");
        foreach (var date in answer.Dates)
        {
            json.WriteStartObject();
            json.WriteString("text", date.Text);
            WriteEnd(json, "from", date.From, DateTimeOffset.MinValue);
            WriteEnd(json, "to", date.To, DateTimeOffset.MaxValue);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("corrections");
        foreach (var correction in answer.Corrections)
        {
            json.WriteStartObject();
            json.WriteString("from", correction.From);
            WriteTexts(json, "to", correction.To);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteEnd(Utf8JsonWriter json, string name, DateTimeOffset at, DateTimeOffset open)
    {
        if (at == open)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteTime(name, at);
        }
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
