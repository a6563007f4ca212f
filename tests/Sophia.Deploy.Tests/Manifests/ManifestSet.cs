using k8s;
using k8s.Models;

namespace Sophia.Deploy.Tests.Manifests;

/// <summary>Everything that an overlay applies, by its types.</summary>
internal sealed class ManifestSet
{
    private ManifestSet(string text, IReadOnlyList<object> objects)
    {
        Text = text;
        Objects = objects;
    }

    public string Text { get; }

    public IReadOnlyList<object> Objects { get; }

    /// <exception cref="FormatException">A kind or a field is not known, or a value is of another type.</exception>
    public static ManifestSet Parse(string yaml)
    {
        try
        {
            return new(yaml, KubernetesYaml.LoadAllFromString(yaml, CustomTypes.Map, strict: true));
        }
        catch (Exception error) when (error is YamlDotNet.Core.YamlException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException(error.InnerException?.Message ?? error.Message, error);
        }
    }

    public IEnumerable<T> All<T>() => Objects.OfType<T>();

    /// <summary>Everything that makes pods, with what a pod of it is.</summary>
    public IEnumerable<(string Name, V1LabelSelector Selector, V1PodTemplateSpec Pod, IEnumerable<string> Claims)> Workloads =>
        All<V1Deployment>().Select(d => ($"Deployment {d.Name()}", d.Spec.Selector, d.Spec.Template, Enumerable.Empty<string>()))
            .Concat(All<V1StatefulSet>().Select(s => ($"StatefulSet {s.Name()}", s.Spec.Selector, s.Spec.Template, s.Spec.VolumeClaimTemplates?.Select(c => c.Name()) ?? [])));

    /// <summary>The names of Secrets that there are, or that an operator of the cluster makes.</summary>
    public IEnumerable<(string Name, Func<string, bool> Has)> Secrets =>
        All<V1Secret>().Select(s => (s.Name(), new Func<string, bool>(key => s.Data?.ContainsKey(key) == true)))
            .Concat(All<CustomTypes.Custom<CustomTypes.ExternalSecretSpec>>().Select(e => (e.Spec!.Target!.Name!, new Func<string, bool>(_ => true))));

    public static bool Selects(V1LabelSelector selector, IDictionary<string, string>? labels) =>
        selector.MatchLabels is { Count: > 0 } wanted && Matches(wanted, labels);

    public static bool Matches(IDictionary<string, string> wanted, IDictionary<string, string>? labels) =>
        wanted.All(pair => labels is not null && labels.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
