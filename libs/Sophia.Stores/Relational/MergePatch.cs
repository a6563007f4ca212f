using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sophia.Stores.Relational;

/// <summary>JSON merge patch, RFC 7396, over the bytes of two JSON objects. Of a name given twice the last counts.</summary>
internal static class MergePatch
{
    // Attributes are data, never part of a page: only what JSON itself forbids is escaped.
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="target">An object, or empty for none.</param>
    /// <param name="patch">An object, or empty for no change.</param>
    /// <returns>The merged object; empty when nothing is left in it.</returns>
    public static ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> target, ReadOnlyMemory<byte> patch)
    {
        if (patch.IsEmpty)
        {
            return target;
        }

        using var change = JsonDocument.Parse(patch);
        using var before = target.IsEmpty ? null : JsonDocument.Parse(target);
        var buffer = new ArrayBufferWriter<byte>(target.Length + patch.Length);
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            Write(writer, before?.RootElement, change.RootElement);
        }

        return buffer.WrittenSpan.SequenceEqual("{}"u8) ? ReadOnlyMemory<byte>.Empty : buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter writer, JsonElement? target, JsonElement patch)
    {
        if (patch.ValueKind != JsonValueKind.Object)
        {
            patch.WriteTo(writer);
            return;
        }

        var changes = Properties(patch);
        writer.WriteStartObject();
        if (target is { ValueKind: JsonValueKind.Object } old)
        {
            foreach (var (name, value) in Properties(old))
            {
                if (!changes.Remove(name, out var change))
                {
                    writer.WritePropertyName(name);
                    value.WriteTo(writer);
                }
                else if (change.ValueKind != JsonValueKind.Null)
                {
                    writer.WritePropertyName(name);
                    Write(writer, value, change);
                }
            }
        }

        foreach (var (name, value) in changes)
        {
            if (value.ValueKind != JsonValueKind.Null)
            {
                writer.WritePropertyName(name);
                Write(writer, null, value);
            }
        }

        writer.WriteEndObject();
    }

    private static Dictionary<string, JsonElement> Properties(JsonElement element)
    {
        var properties = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            properties[property.Name] = property.Value;
        }

        return properties;
    }
}
