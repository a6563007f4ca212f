using System.Text.Json.Nodes;
using Sophia.AppHost.Tests;

namespace Sophia.Deploy.Tests.Schemas;

/// <summary>Other projects' kinds, and values of charts, as kinds.yaml states them: what is checked everywhere.</summary>
internal static class Kinds
{
    private static readonly JsonObject File = Yaml.Documents(System.IO.File.ReadAllText(Path.Combine(Folder, "kinds.yaml"))).Single();

    public static string Folder => Path.Combine(Recording.Root, "tests", "Sophia.Deploy.Tests", "Schemas");

    /// <summary>By apiVersion/kind.</summary>
    public static IReadOnlyDictionary<string, JsonObject> Schemas { get; } = Under("kinds");

    /// <summary>By path under deploy.</summary>
    public static IReadOnlyDictionary<string, JsonObject> ChartValues { get; } = Under("values");

    public static string Of(JsonObject item) => $"{(string?)item["apiVersion"]}/{(string?)item["kind"]}";

    public static string Name(JsonObject item) => $"{(string?)item["kind"]} {(string?)item["metadata"]?["name"]}";

    /// <summary>What is wrong with the objects: of these kinds by their schemas, of Kubernetes' own by the values that its fields may have.</summary>
    public static IEnumerable<string> Check(IEnumerable<JsonObject> items) =>
        from item in items
        from error in Schemas.TryGetValue(Of(item), out var schema) ? StructuralSchema.Check(item, schema).Errors : Values(item, "")
        select $"{Name(item)}: {error}";

    private static IEnumerable<string> Values(JsonNode? node, string name) => node switch
    {
        JsonObject fields => fields.SelectMany(field => Values(field.Value, field.Key)),
        JsonArray items => items.SelectMany(item => Values(item, name)),
        JsonValue value when File["enums"]![name] is JsonArray allowed && !allowed.Any(a => a!.ToJsonString() == value.ToJsonString()) => [$"{name} may not be {value.ToJsonString()}."],
        _ => [],
    };

    private static Dictionary<string, JsonObject> Under(string part) => File[part]!.AsObject().ToDictionary(p => p.Key, p => p.Value!.AsObject());
}
