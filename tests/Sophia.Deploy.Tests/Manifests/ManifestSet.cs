using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Sophia.Deploy.Tests.Schemas;

namespace Sophia.Deploy.Tests.Manifests;

/// <summary>Everything that an overlay applies, by its types.</summary>
internal sealed class ManifestSet
{
    private static readonly Dictionary<string, Type> Others = Kinds.Schemas.Keys.ToDictionary(kind => kind, _ => typeof(Other));

    private ManifestSet(string text, IReadOnlyList<object> objects)
    {
        Text = text;
        Objects = objects;
        Documents = [.. Yaml.Documents(text)];
    }

    public string Text { get; }

    public IReadOnlyList<object> Objects { get; }

    /// <summary>Each object as it is sent.</summary>
    public IReadOnlyList<JsonObject> Documents { get; }

    /// <exception cref="FormatException">A kind or a field is not known, one that must be there is not, or a value is of another type.</exception>
    public static ManifestSet Parse(string yaml)
    {
        try
        {
            var set = new ManifestSet(yaml, KubernetesYaml.LoadAllFromString(yaml, Others, strict: true));
            return Kinds.Check(set.Documents).ToList() is { Count: > 0 } errors ? throw new FormatException(string.Join('\n', errors)) : set;
        }
        catch (Exception error) when (error is YamlDotNet.Core.YamlException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException(error.InnerException?.Message ?? error.Message, error);
        }
    }

    public IEnumerable<T> All<T>() => Objects.OfType<T>();

    /// <summary>Objects of another project's kind: their names, and what is specified.</summary>
    public IEnumerable<(string Name, JsonNode Spec)> Custom(string kind) =>
        Documents.Where(d => (string?)d["kind"] == kind).Select(d => ((string)d["metadata"]!["name"]!, d["spec"]!));

    /// <summary>Everything that makes pods, with what a pod of it is.</summary>
    public IEnumerable<(string Name, V1LabelSelector Selector, V1PodTemplateSpec Pod, IEnumerable<string> Claims)> Workloads =>
        All<V1Deployment>().Select(d => ($"Deployment {d.Name()}", d.Spec.Selector, d.Spec.Template, Enumerable.Empty<string>()))
            .Concat(All<V1StatefulSet>().Select(s => ($"StatefulSet {s.Name()}", s.Spec.Selector, s.Spec.Template, s.Spec.VolumeClaimTemplates?.Select(c => c.Name()) ?? [])));

    /// <summary>The names of Secrets that there are, or that an operator of the cluster makes.</summary>
    public IEnumerable<(string Name, Func<string, bool> Has)> Secrets =>
        All<V1Secret>().Select(s => (s.Name(), new Func<string, bool>(key => s.Data?.ContainsKey(key) == true)))
            .Concat(Custom("ExternalSecret").Select(e => ((string)e.Spec["target"]!["name"]!, new Func<string, bool>(_ => true))));

    public static bool Selects(V1LabelSelector selector, IDictionary<string, string>? labels) =>
        selector.MatchLabels is { Count: > 0 } wanted && Matches(wanted, labels);

    public static bool Matches(IDictionary<string, string> wanted, IDictionary<string, string>? labels) =>
        wanted.All(pair => labels is not null && labels.TryGetValue(pair.Key, out var value) && value == pair.Value);

    public static bool Selects(JsonNode selector, IDictionary<string, string>? labels) =>
        selector["matchLabels"] is JsonObject { Count: > 0 } wanted && Matches(wanted.ToDictionary(w => w.Key, w => (string)w.Value!), labels);

    /// <summary>An object of another project's kind, for the parser of Kubernetes' types: kinds.yaml says what may stand in it.</summary>
    private sealed class Other : IKubernetesObject<V1ObjectMeta>
    {
        public string ApiVersion { get; set; } = "";
        public string Kind { get; set; } = "";
        public V1ObjectMeta Metadata { get; set; } = new();
        public Dictionary<string, object>? Spec { get; set; }
    }
}
