using System.Text.Json;
using Sophia.Api.Answering;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Records;

namespace Sophia.Api.Search;

/// <summary>A hit as the answer shows it: why it was found, what it stands for, what stands around it, and the record.</summary>
internal static class HitJson
{
    public static void Write(Utf8JsonWriter json, SearchHit hit, bool withVector)
    {
        json.WriteStartObject();
        json.WriteNumber("score", hit.Found.Score);
        json.WriteStartArray("parts");
        foreach (var part in hit.Found.Parts)
        {
            json.WriteStartObject();
            json.WriteString("name", part.Name);
            json.WriteNumber("score", part.Score);
            json.WriteNumber("rank", part.Rank);
            json.WriteNumber("contribution", part.Contribution);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("matchedTerms");
        foreach (var term in hit.Found.MatchedTerms)
        {
            json.WriteStringValue(term);
        }

        json.WriteEndArray();
        HighlightJson.Write(json, hit.Highlights);
        json.WriteStartArray("folded");
        foreach (var folded in hit.Found.Folded)
        {
            json.WriteStartObject();
            json.WriteString("key", folded.Key);
            json.WriteNumber("similarity", folded.Similarity);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("context");
        WriteAll(json, "before", hit.Before);
        WriteAll(json, "after", hit.After);
        json.WriteEndObject();
        RecordJson.WriteFields(json, hit.Record, withVector);
        json.WriteEndObject();
    }

    private static void WriteAll(Utf8JsonWriter json, string name, IReadOnlyList<MemoryRecord> records)
    {
        json.WriteStartArray(name);
        foreach (var record in records)
        {
            RecordJson.Write(json, record, withVector: false);
        }

        json.WriteEndArray();
    }
}
