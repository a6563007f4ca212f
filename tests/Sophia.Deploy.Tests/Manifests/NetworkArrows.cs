using k8s.Models;

namespace Sophia.Deploy.Tests.Manifests;

/// <summary>
/// Whether network policies let one pod reach another (Kubernetes: "Network Policies"): a pod that a policy selects may do only what some
/// policy that selects it allows, and both ends must allow it. A peer is a Deployment's name or a label in Sophia's namespace, a label
/// behind the name of another namespace, or "outside".
/// </summary>
internal static class NetworkArrows
{
    private const string Home = "sophia-ai-enhanced";

    public static bool Allows(ManifestSet set, string from, string to, int port)
    {
        var (source, target) = (Peer(from), Peer(to));
        return Ends(set, source, "Egress", p => p.Spec.Egress?.Any(e => Ports(set, e.Ports, target, port) && (e.To is null || e.To.Any(t => Is(t, target)))) == true)
            && Ends(set, target, "Ingress", p => p.Spec.Ingress?.Any(i => Ports(set, i.Ports, target, port) && (i.FromProperty is null || i.FromProperty.Any(f => Is(f, source)))) == true);
    }

    private static bool Ends(ManifestSet set, (string Space, Dictionary<string, string> Labels) end, string direction, Func<V1NetworkPolicy, bool> allows)
    {
        var selecting = set.All<V1NetworkPolicy>().Where(p => p.Spec.PolicyTypes.Contains(direction) && end.Space == Home && Selects(p.Spec.PodSelector, end.Labels)).ToList();
        return selecting.Count == 0 || selecting.Any(allows);
    }

    private static bool Is(V1NetworkPolicyPeer peer, (string Space, Dictionary<string, string> Labels) end) =>
        end.Space.Length > 0
        && (peer.NamespaceSelector is { } space ? Selects(space, new() { ["kubernetes.io/metadata.name"] = end.Space }) : end.Space == Home)
        && (peer.PodSelector is null || Selects(peer.PodSelector, end.Labels));

    private static bool Ports(ManifestSet set, IList<V1NetworkPolicyPort>? ports, (string Space, Dictionary<string, string> Labels) target, int port) =>
        ports is null || ports.Any(p => p.Port.Value == $"{port}"
            || set.Workloads.Where(w => ManifestSet.Matches(target.Labels, w.Pod.Metadata.Labels)).SelectMany(w => w.Pod.Spec.Containers).SelectMany(c => c.Ports).Any(c => c.Name == p.Port.Value && c.ContainerPort == port));

    private static bool Selects(V1LabelSelector selector, Dictionary<string, string> labels) =>
        (selector.MatchLabels is null || ManifestSet.Matches(selector.MatchLabels, labels))
        && (selector.MatchExpressions ?? []).All(e => e.OperatorProperty == "In" ? labels.TryGetValue(e.Key, out var value) && e.Values.Contains(value) : throw new NotSupportedException(e.OperatorProperty));

    private static (string Space, Dictionary<string, string> Labels) Peer(string text)
    {
        if (text == "outside") return ("", []);
        var parts = text.Split('=');
        if (parts.Length == 1) return (Home, new() { ["app"] = text });
        // A label's key may hold a slash too: a namespace is what has no dot before the first.
        var slash = parts[0].IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && !parts[0][..slash].Contains('.', StringComparison.Ordinal)
            ? (parts[0][..slash], new() { [parts[0][(slash + 1)..]] = parts[1] })
            : (Home, new() { [parts[0]] = parts[1] });
    }
}
