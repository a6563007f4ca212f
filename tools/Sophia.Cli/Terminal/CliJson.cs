using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Sophia.Client;

namespace Sophia.Cli.Terminal;

/// <summary>The JSON that commands print: the service's own fields, and <c>served</c> beside them. As deep as the client reads.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 128)]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(MemoryDraft))]
[JsonSerializable(typeof(MemoryRecord))]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(SearchResult))]
[JsonSerializable(typeof(ForgetReport))]
[JsonSerializable(typeof(TierReport))]
[JsonSerializable(typeof(SnowflakeStatus))]
[JsonSerializable(typeof(NamespaceInfo))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelChangeStatus))]
internal sealed partial class CliJson : JsonSerializerContext
{
    private static readonly JsonWriterOptions s_readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonObject Describe<T>(Answer<T> answer, JsonTypeInfo<T> type)
    {
        var fields = JsonSerializer.SerializeToNode(answer.Value, type)!.AsObject();
        var timings = new JsonObject();
        foreach (var timing in answer.Timings) timings[timing.Name] = Math.Round(timing.Duration.TotalMilliseconds, 3);
        fields["served"] = new JsonObject { ["tier"] = answer.Tier, ["stale"] = answer.Stale, ["timingsMs"] = timings };
        return fields;
    }

    public static string Text(JsonNode node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_readable)) node.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }
}
