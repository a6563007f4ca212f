using System.Text.Json;
using Sophia.Memory.Records;

namespace Sophia.Api.Answering;

/// <summary>A record as answers show it.</summary>
internal static class RecordJson
{
    /// <summary>Writes the record as an object.</summary>
    public static void Write(Utf8JsonWriter json, MemoryRecord record, bool withVector)
    {
        json.WriteStartObject();
        WriteFields(json, record, withVector);
        json.WriteEndObject();
    }

    /// <summary>Writes the record's properties into the object that is open.</summary>
    public static void WriteFields(Utf8JsonWriter json, MemoryRecord record, bool withVector)
    {
        json.WriteString("key", record.Key);
        WriteContent(json, record);
        json.WriteString("contentType", record.ContentType);
        json.WriteStartArray("tags");
        foreach (var tag in record.Tags)
        {
            json.WriteStringValue(tag);
        }

        json.WriteEndArray();
        json.WritePropertyName("attributes");
        if (record.Attributes.IsEmpty)
        {
            json.WriteStartObject();
            json.WriteEndObject();
        }
        else
        {
            json.WriteRawValue(record.Attributes.Span, skipInputValidation: true);
        }

        json.WriteNumber("version", record.Version);
        json.WriteString("sequence", record.Sequence.ToToken());
        json.WriteTime("createdAt", record.CreatedAt);
        json.WriteTime("updatedAt", record.UpdatedAt);
        json.WriteTime("expiresAt", record.ExpiresAt);
        json.WriteTime("validFrom", record.ValidFrom);
        json.WriteTime("validTo", record.ValidTo);
        WriteProvenance(json, record.Provenance);
        if (withVector)
        {
            WriteVector(json, record);
        }
    }

    private static void WriteContent(Utf8JsonWriter json, MemoryRecord record)
    {
        switch (record.Kind)
        {
            case ContentKind.Text:
                json.WriteString("content", record.Content.Span);
                break;
            case ContentKind.Json:
                json.WritePropertyName("content");
                json.WriteRawValue(record.Content.Span, skipInputValidation: true);
                break;
            default:
                json.WriteBase64String("contentBase64", record.Content.Span);
                break;
        }
    }

    private static void WriteProvenance(Utf8JsonWriter json, Provenance? provenance)
    {
        if (provenance is null)
        {
            json.WriteNull("provenance");
            return;
        }

        json.WriteStartObject("provenance");
        WriteIfGiven(json, "source", provenance.Source);
        WriteIfGiven(json, "agent", provenance.Agent);
        WriteIfGiven(json, "session", provenance.Session);
        WriteIfGiven(json, "uri", provenance.Uri);
        json.WriteEndObject();
    }

    private static void WriteIfGiven(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteVector(Utf8JsonWriter json, MemoryRecord record)
    {
        if (record.Vector is null)
        {
            json.WriteNull("vector");
        }
        else
        {
            json.WriteStartArray("vector");
            foreach (var component in record.Vector)
            {
                json.WriteNumberValue(component);
            }

            json.WriteEndArray();
        }

        json.WriteString("vectorModel", record.VectorModel);
    }
}
