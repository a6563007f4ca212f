using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Stores.Relational;

/// <summary>The parts of rows that are stored as JSON text.</summary>
internal static class StoredJson
{
    private static readonly StoredJsonTypes Relaxed = new(new JsonSerializerOptions(StoredJsonTypes.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string? Tags(IReadOnlyList<string> tags) =>
        tags.Count == 0 ? null : JsonSerializer.Serialize(tags, Relaxed.IReadOnlyListString);

    public static string[] Tags(string json) => JsonSerializer.Deserialize(json, Relaxed.StringArray) ?? [];

    public static string? Provenance(Provenance? provenance) =>
        provenance is null ? null : JsonSerializer.Serialize(provenance, Relaxed.Provenance);

    public static Provenance? Provenance(string json) => JsonSerializer.Deserialize(json, Relaxed.Provenance);

    public static string Change(ModelChange change) => JsonSerializer.Serialize(change, Relaxed.ModelChange);

    public static ModelChange Change(string json) =>
        JsonSerializer.Deserialize(json, Relaxed.ModelChange) ?? throw new InvalidDataException("A stored change of model is empty.");

    /// <summary>An array, as a set parameter of SQLite.</summary>
    public static string Array(string[] values) => JsonSerializer.Serialize(values, Relaxed.StringArray);

    public static string Settings(NamespaceSettings settings) => JsonSerializer.Serialize(settings, Relaxed.NamespaceSettings);

    public static NamespaceSettings Settings(string json) =>
        JsonSerializer.Deserialize(json, Relaxed.NamespaceSettings) ?? new NamespaceSettings();
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(NamespaceSettings))]
[JsonSerializable(typeof(Provenance))]
[JsonSerializable(typeof(ModelChange))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class StoredJsonTypes : JsonSerializerContext;
