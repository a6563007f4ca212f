using System.Text.Json.Nodes;
using Sophia.AppHost.Tests;
using Sophia.Deploy.Tests.Manifests;

namespace Sophia.Deploy.Tests.Schemas;

/// <summary>The manifests against the schemas that Kubernetes and the other projects publish, where these are on the machine.</summary>
public sealed class PublishedTests
{
    private static readonly string[] Overlays = ["dev", "gh200", "postgres"];

    [SkippableTheory]
    [InlineData("dev")]
    [InlineData("gh200")]
    [InlineData("postgres")]
    public void Each_object_is_valid_by_the_schema_that_its_project_publishes(string overlay)
    {
        SkipWhereMissing();

        Assert.Empty(Yaml.Documents(Kustomize.Render(overlay)).SelectMany(item => Published.Check(item).Errors.Select(e => $"{Kinds.Name(item)}: {e}")));
    }

    /// <summary>Each schema is seen to find a field that is none, a field of another type and, where it demands one, a field that lacks.</summary>
    [SkippableFact]
    public void Each_schema_finds_a_misspelt_field_a_wrong_type_and_a_missing_field()
    {
        SkipWhereMissing();
        var items = Overlays.SelectMany(o => Yaml.Documents(Kustomize.Render(o))).GroupBy(Kinds.Of).Select(g => g.MaxBy(i => i.ToJsonString().Length)!).ToList();
        Assert.True(items.Count > 15, $"Only {items.Count} kinds.");
        foreach (var item in items)
        {
            var (parent, name) = Deepest(item);
            var misspelt = (JsonObject)item.DeepClone();
            Follow(misspelt, parent)[name + "x"] = "x";
            Assert.Contains(Published.Check(misspelt).Errors, e => e.EndsWith($"{name}x is not a field.", StringComparison.Ordinal));

            var mistyped = (JsonObject)item.DeepClone();
            Follow(mistyped, parent)[name] = new JsonArray(new JsonArray());
            Assert.NotEmpty(Published.Check(mistyped).Errors);
        }

        string[] demanding = ["VerticalPodAutoscaler spec targetRef", "ServiceMonitor spec selector", "PodMonitor spec selector", "Cluster spec", "ScheduledBackup spec schedule", "ObjectStore spec configuration", "Deployment spec selector", "HorizontalPodAutoscaler spec maxReplicas", "StatefulSet spec template", "PriorityClass value"];
        foreach (var path in demanding.Select(d => d.Split(' ')))
        {
            var broken = (JsonObject)items.Single(i => (string?)i["kind"] == path[0]).DeepClone();
            Assert.True(Follow(broken, path[1..^1]).Remove(path[^1]));
            var errors = Published.Check(broken).Errors;
            Assert.Contains(errors, e => e.EndsWith($"lacks {path[^1]}.", StringComparison.Ordinal));
        }
    }

    /// <summary>CEL is not evaluated here. Each rule that meets one of our objects was read, and is kept by it.</summary>
    [SkippableFact]
    public void The_rules_that_are_not_evaluated_are_those_that_were_read()
    {
        SkipWhereMissing();
        var met = Overlays.SelectMany(o => Yaml.Documents(Kustomize.Render(o))).SelectMany(item => Published.Check(item).NotEvaluated.Select(rule => (Kind: (string?)item["kind"], rule.Path, rule.Rule))).Distinct()
            .GroupBy(rule => rule.Kind + rule.Path).Select(g => $"{g.Key} {g.Count()}");

        Assert.Equal(File.ReadLines(Path.Combine(Kinds.Folder, "rules-read.txt")).Where(l => l[0] != '#').Select(l => l.Split(" #")[0]).Order(StringComparer.Ordinal), met.Order(StringComparer.Ordinal));
    }

    /// <summary>What kinds.yaml states, for the machines that have no published schemas, is what they say.</summary>
    [SkippableFact]
    public void The_statement_of_other_projects_kinds_is_part_of_what_they_publish()
    {
        SkipWhereMissing();

        Assert.Empty(Kinds.Schemas.SelectMany(k => Differences(k.Value, Published.SchemaOf(k.Key), k.Key)));
        Assert.NotEmpty(Differences(Kinds.Schemas["autoscaling.k8s.io/v1/VerticalPodAutoscaler"], Published.SchemaOf("postgresql.cnpg.io/v1/Cluster"), ""));
    }

    [SkippableTheory]
    [InlineData("platform/gpu-operator.yaml")]
    [InlineData("platform/prometheus.yaml")]
    [InlineData("observability/prometheus-adapter.yaml")]
    public void Values_are_those_that_the_chart_reads(string file)
    {
        SkipWhereMissing();
        var ours = Yaml.Documents(File.ReadAllText(Path.Combine(Recording.Root, "deploy", file))).Single();
        var theirs = Published.ValuesOf(Path.GetFileName(file));

        Assert.Empty(Unknown(ours, theirs, ""));
        ours["enabeld"] = true;
        Assert.Equal([".enabeld"], Unknown(ours, theirs, ""));
    }

    private static void SkipWhereMissing()
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        Skip.IfNot(Published.Missing is null, Published.Missing);
    }

    private static JsonObject Follow(JsonObject item, IEnumerable<string> path) => path.Aggregate((JsonNode)item, (node, name) => node is JsonArray list ? list[int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)]! : node[name]!).AsObject();

    /// <summary>A field as deep as any, outside of maps with keys of our own.</summary>
    private static (string[] Parent, string Name) Deepest(JsonObject item)
    {
        string[] free = ["metadata", "matchLabels", "labels", "annotations", "nodeSelector", "parameters", "requests", "limits", "overrides", "data"];
        (string[] Parent, string Name) best = ([], "metadata");
        void Walk(JsonNode? node, string[] path)
        {
            if (node is JsonArray list)
            {
                for (var i = 0; i < list.Count; i++) Walk(list[i], [.. path, $"{i}"]);
            }
            else if (node is JsonObject fields)
            {
                foreach (var (name, value) in fields.Where(f => !free.Contains(f.Key)))
                {
                    if (path.Length >= best.Parent.Length && !(path.Length == 0 && name is "apiVersion" or "kind")) best = (path, name);
                    Walk(value, [.. path, name]);
                }
            }
        }

        Walk(item, []);
        return best;
    }

    private static IEnumerable<string> Differences(JsonObject ours, JsonObject theirs, string path)
    {
        if ((string?)ours["type"] is { } type && type != (string?)theirs["type"]) yield return $"{path} is {type}, and {theirs["type"]} there.";
        if ((bool?)ours["x-kubernetes-int-or-string"] != (bool?)theirs["x-kubernetes-int-or-string"]) yield return $"{path} is whole number or text on one side alone.";
        if (ours["enum"] is JsonArray mine && mine.Select(m => (string)m!).Except((theirs["enum"] as JsonArray ?? []).Select(t => (string)t!)).FirstOrDefault() is { } value) yield return $"{path} may not be {value}.";
        var required = (ours["required"] as JsonArray ?? []).Select(r => (string)r!).ToHashSet();
        foreach (var name in (theirs["required"] as JsonArray ?? []).Select(r => (string)r!).Where(r => !required.Contains(r) && theirs["properties"]?[r]?["default"] is null)) yield return $"{path} lacks {name} without a word.";
        foreach (var (name, field) in ours["properties"] as JsonObject ?? [])
        {
            if (theirs["properties"]?[name] is not JsonObject other) yield return $"{path}.{name} is not there.";
            else foreach (var difference in Differences(field!.AsObject(), other, $"{path}.{name}")) yield return difference;
        }

        foreach (var part in new[] { "items", "additionalProperties" })
        {
            if (ours[part] is not JsonObject each) continue;
            if (theirs[part] is not JsonObject other) yield return $"{path} has no {part} there.";
            else foreach (var difference in Differences(each, other, $"{path}[]")) yield return difference;
        }
    }

    private static IEnumerable<string> Unknown(JsonObject ours, JsonObject theirs, string path) =>
        from field in ours
        let at = $"{path}.{field.Key}"
        from unknown in !theirs.ContainsKey(field.Key) ? [at]
            : field.Value is JsonObject inner && theirs[field.Key] is JsonObject { Count: > 0 } other ? Unknown(inner, other, at) : []
        select unknown;
}
