using System.Text.RegularExpressions;
using k8s;
using k8s.Models;

namespace Sophia.Deploy.Tests.Manifests;

/// <summary>What every workload must have, and what no manifest may hold.</summary>
internal static partial class PolicyChecks
{
    public static IEnumerable<string> Find(ManifestSet set) => Containers(set).Concat(Doors(set)).Concat(Texts(set)).Concat(Places(set));

    private static IEnumerable<string> Containers(ManifestSet set)
    {
        foreach (var (name, _, pod, _) in set.Workloads)
        {
            if (pod.Spec.SecurityContext is not { RunAsNonRoot: true }) yield return $"{name} may run as root.";
            if (pod.Spec.SecurityContext?.SeccompProfile?.Type != "RuntimeDefault") yield return $"{name} has no seccomp profile.";
            if (pod.Spec.AutomountServiceAccountToken != false) yield return $"{name} mounts a token that it does not need.";
            foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []))
            {
                var security = container.SecurityContext;
                if (security is not { AllowPrivilegeEscalation: false, ReadOnlyRootFilesystem: true } || security.Capabilities?.Drop?.Contains("ALL") != true) yield return $"{name}: {container.Name} may do more than it needs.";
                if (container.Resources?.Requests is not { } asked || !asked.ContainsKey("cpu") || !asked.ContainsKey("memory")) yield return $"{name}: {container.Name} does not ask for processor and memory.";
                if (container.Resources?.Limits?.ContainsKey("memory") != true) yield return $"{name}: {container.Name} has no limit of memory.";
                if (pod.Spec.Containers.Contains(container) && (container.ReadinessProbe is null || container.LivenessProbe is null)) yield return $"{name}: {container.Name} is not probed.";
                // The API's /health is lost with PostgreSQL, by every pod at once; the GPU tier's with its own device.
                if (Ready(container) is { } ready && (container.StartupProbe?.HttpGet?.Path != "/alive" || container.LivenessProbe?.HttpGet?.Path != "/alive" || container.ReadinessProbe?.HttpGet?.Path != ready))
                {
                    yield return $"{name}: a probe asks the wrong endpoint: readiness goes by {ready}, the others by /alive.";
                }

                if (!Pinned().IsMatch(container.Image)) yield return $"{name}: the image {container.Image} is not pinned to a version.";
                foreach (var variable in (container.Env ?? []).Where(v => v.Value is not null && LooksSecret(v.Name, v.Value))) yield return $"{name}: {variable.Name} stands in the open.";
            }
        }
    }

    /// <summary>What a service of ours is asked before it is sent requests; null for the images of others.</summary>
    private static string? Ready(V1Container container) =>
        !container.Image.StartsWith("registry.example.com/", StringComparison.Ordinal) ? null : container.Name == "gpu-tier" ? "/health" : "/alive";

    /// <summary>Keys travel in requests: no host is served without TLS.</summary>
    private static IEnumerable<string> Doors(ManifestSet set) =>
        from ingress in set.All<V1Ingress>()
        from rule in ingress.Spec.Rules
        where !(ingress.Spec.Tls ?? []).Any(t => t.SecretName is not null && t.Hosts?.Contains(rule.Host) == true)
        select $"Ingress {ingress.Name()}: {rule.Host} has no certificate.";

    internal static IEnumerable<string> Texts(ManifestSet set)
    {
        foreach (var (map, key, value) in set.All<V1ConfigMap>().SelectMany(m => (m.Data ?? new Dictionary<string, string>()).Select(d => (m.Name(), d.Key, d.Value))))
        {
            if (LooksSecret(key, value)) yield return $"ConfigMap {map}: {key} is a secret.";
        }

        // Alerts have templates of Prometheus in their texts.
        foreach (var document in set.Text.Split("\n---\n").Where(d => !d.Contains("kind: PrometheusRule", StringComparison.Ordinal)))
        {
            if (Placeholder().Match(document) is { Success: true } found) yield return $"A placeholder is left: {found.Value}";
        }
    }

    internal static IEnumerable<string> Places(ManifestSet set)
    {
        string[] wide = ["Namespace", "PriorityClass"];
        foreach (var item in set.All<IKubernetesObject<V1ObjectMeta>>())
        {
            if (!wide.Contains(item.Kind) && item.Metadata.NamespaceProperty != "sophia-ai-enhanced") yield return $"{item.Kind} {item.Metadata.Name} is in another namespace.";
        }
    }

    private static bool LooksSecret(string name, string value) =>
        SecretValue().IsMatch(value) || (SecretName().IsMatch(name) && value.Length > 0);

    [GeneratedRegex(@"^[a-z0-9./-]+(:[0-9]+/[a-z0-9./-]+)?:v?[0-9]+[.][0-9]+[^:]*$")]
    private static partial Regex Pinned();

    [GeneratedRegex(@"\$\{[^}]*\}|\{\{|<[A-Z][A-Z_]+>|TODO|CHANGE_?ME", RegexOptions.IgnoreCase)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"password=|pwd=|-----BEGIN|sha256:[0-9a-f]{64}|AKIA[0-9A-Z]{16}|private_key=", RegexOptions.IgnoreCase)]
    private static partial Regex SecretValue();

    [GeneratedRegex(@"password|secret|token|apikey|__hash$|connectionstrings", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
