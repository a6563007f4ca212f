using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Sophia.AppHost.Tests;

namespace Sophia.Deploy.Tests.Schemas;

/// <summary>The projects' own schemas, where get.sh has brought them: CRDs, Kubernetes' OpenAPI, values of charts.</summary>
internal static class Published
{
    private static readonly Lazy<Dictionary<string, (JsonObject Schema, JsonObject? Of)>> All = new(Load);

    /// <summary>Null when all are there; otherwise what to do, to be said by a skipped test.</summary>
    public static string? Missing => Files.All(f => File.Exists(f.Path))
        ? null : "The projects' own schemas are not here; tests/Sophia.Deploy.Tests/Schemas/get.sh brings them from the internet.";

    private static IEnumerable<(string Hash, string Name, string Path)> Files =>
        File.ReadLines(Path.Combine(Schemas.Kinds.Folder, "published.txt")).Where(l => l[0] != '#').Select(l => l.Split(' '))
            .Select(p => (p[0], p[1], Path.Combine(Recording.Root, "artifacts", "schemas", p[1])));

    public static (IReadOnlyList<string> Errors, IReadOnlyCollection<(string Path, string Rule)> NotEvaluated) Check(JsonObject item) =>
        All.Value.TryGetValue(Schemas.Kinds.Of(item), out var found)
            ? StructuralSchema.Check(item, found.Schema, found.Of is null ? null : reference => Referred(found.Of, reference))
            : ([$"The kind {Schemas.Kinds.Of(item)} is not known."], []);

    public static JsonObject SchemaOf(string kind) => All.Value[kind].Schema;

    /// <summary>The values that a chart has by default, which name nearly all that it reads.</summary>
    public static JsonObject ValuesOf(string chart) => Yaml.Documents(Text(Files.Single(f => f.Name == $"values-{chart}"))).Single();

    private static Dictionary<string, (JsonObject Schema, JsonObject? Of)> Load()
    {
        var all = new Dictionary<string, (JsonObject Schema, JsonObject? Of)>();
        foreach (var file in Files.Where(f => !f.Name.StartsWith("values-", StringComparison.Ordinal)))
        {
            if (file.Name.EndsWith(".json", StringComparison.Ordinal))
            {
                var document = JsonNode.Parse(Text(file))!.AsObject();
                foreach (var schema in document["components"]!["schemas"]!.AsObject().Select(s => s.Value!.AsObject()))
                {
                    foreach (var kind in schema["x-kubernetes-group-version-kind"] as JsonArray ?? [])
                    {
                        var group = (string?)kind!["group"];
                        all[$"{(group!.Length == 0 ? "" : group + "/")}{kind["version"]}/{kind["kind"]}"] = (schema, document);
                    }
                }

                continue;
            }

            foreach (var definition in Yaml.Documents(Text(file)).Select(d => d["spec"]!.AsObject()))
            {
                foreach (var version in definition["versions"]!.AsArray().Where(v => (bool)v!["served"]!))
                {
                    all[$"{definition["group"]}/{version!["name"]}/{definition["names"]!["kind"]}"] = (version["schema"]!["openAPIV3Schema"]!.AsObject(), null);
                }
            }
        }

        return all;
    }

    private static JsonObject Referred(JsonObject document, string reference) => document["components"]!["schemas"]![reference["#/components/schemas/".Length..]]!.AsObject();

    private static string Text((string Hash, string Name, string Path) file)
    {
        var bytes = File.ReadAllBytes(file.Path);
        Assert.True(Convert.ToHexStringLower(SHA256.HashData(bytes)) == file.Hash, $"{file.Path} is not what published.txt names.");
        return System.Text.Encoding.UTF8.GetString(bytes);
    }
}
