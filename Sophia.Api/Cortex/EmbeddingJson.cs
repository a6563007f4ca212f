using System.Text.Json;
using Sophia.Memory.Cortex;

namespace Sophia.Api.Cortex;

/// <summary>Writes vectors, and how many of them had not to be made.</summary>
internal static class EmbeddingJson
{
    public static void Write(Utf8JsonWriter json, EmbeddingResult answer)
    {
        json.WriteStartObject();
        json.WriteString("model", answer.Model.Name);
        json.WriteString("identity", answer.Model.Identity);
        json.WriteNumber("dimensions", answer.Model.Dimensions);
        json.WriteStartArray("vectors");
        foreach (var vector in answer.Vectors)
        {
            if (vector is null)
            {
                json.WriteNullValue();
                continue;
            }

            json.WriteStartArray();
            foreach (var component in vector)
            {
                json.WriteNumberValue(component);
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
        WriteReceipt(json, answer);
        json.WriteEndObject();
    }

    public static void WriteReceipt(Utf8JsonWriter json, EmbeddingResult answer)
    {
        json.WriteStartObject("receipt");
        json.WriteNumber("made", answer.Made);
        json.WriteNumber("kept", answer.Vectors.Count - answer.Made);
        CompletionJson.WriteCost(json, "cost", answer.Cost, answer.IsPriced);
        CompletionJson.WriteCost(json, "avoided", answer.Avoided, answer.IsPriced);
        json.WriteEndObject();
    }
}
