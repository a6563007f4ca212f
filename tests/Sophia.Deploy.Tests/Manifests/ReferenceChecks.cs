using System.Text.Json.Nodes;
using k8s.Models;

namespace Sophia.Deploy.Tests.Manifests;

/// <summary>What points at something else points at something that is there.</summary>
internal static class ReferenceChecks
{
    /// <summary>Pods that an operator of the cluster makes: cert-manager's while a certificate is asked for, CloudNativePG's.</summary>
    private static readonly HashSet<string> OfOperators = ["acme.cert-manager.io/http01-solver", "cnpg.io/cluster"];

    public static IEnumerable<string> Find(ManifestSet set) =>
        Selectors(set).Concat(Ports(set)).Concat(References(set)).Concat(Targets(set)).Concat(Monitors(set));

    private static IEnumerable<string> Selectors(ManifestSet set)
    {
        foreach (var (name, selector, pod, _) in set.Workloads)
        {
            if (!ManifestSet.Selects(selector, pod.Metadata?.Labels)) yield return $"{name} does not select its own pods.";
        }

        foreach (var service in set.All<V1Service>().Where(s => Behind(set, s) is null)) yield return $"Service {service.Name()} selects no pods.";
        foreach (var budget in set.All<V1PodDisruptionBudget>().Where(b => !set.Workloads.Any(w => ManifestSet.Selects(b.Spec.Selector, w.Pod.Metadata.Labels)))) yield return $"PodDisruptionBudget {budget.Name()} selects no pods.";
        foreach (var policy in set.All<V1NetworkPolicy>().Where(p => p.Spec.PodSelector.MatchLabels is { Count: > 0 } labels && !labels.Keys.All(OfOperators.Contains) && Selected(set, p.Spec.PodSelector) is null)) yield return $"NetworkPolicy {policy.Name()} selects no pods.";
    }

    private static IEnumerable<string> Ports(ManifestSet set)
    {
        foreach (var service in set.All<V1Service>())
        {
            foreach (var port in service.Spec.Ports)
            {
                if (Behind(set, service) is { } pod && !Has(pod, port.TargetPort?.Value ?? $"{port.Port}")) yield return $"Service {service.Name()}: no container has the port {port.TargetPort?.Value}.";
            }
        }

        foreach (var (name, _, pod, _) in set.Workloads)
        {
            foreach (var probe in pod.Spec.Containers.SelectMany(c => new[] { c.StartupProbe, c.ReadinessProbe, c.LivenessProbe }).OfType<V1Probe>())
            {
                if ((probe.HttpGet?.Port ?? probe.TcpSocket?.Port)?.Value is { } port && !Has(pod, port)) yield return $"{name}: a probe asks the port {port}, which no container has.";
            }
        }

        foreach (var backend in set.All<V1Ingress>().SelectMany(i => i.Spec.Rules).SelectMany(r => r.Http.Paths).Select(p => p.Backend.Service))
        {
            if (!set.All<V1Service>().Any(s => s.Name() == backend.Name && s.Spec.Ports.Any(p => p.Name == backend.Port.Name))) yield return $"Ingress: there is no Service {backend.Name} with the port {backend.Port.Name}.";
        }

        foreach (var policy in set.All<V1NetworkPolicy>())
        {
            var incoming = (policy.Spec.Ingress ?? []).SelectMany(i => (i.Ports ?? []).Select(p => (p.Port, Pod: Selected(set, policy.Spec.PodSelector))));
            var outgoing = (policy.Spec.Egress ?? []).SelectMany(e => (e.Ports ?? []).Select(p => (p.Port, Pod: e.To?.Select(t => t.PodSelector is { } s && t.NamespaceSelector is null ? Selected(set, s) : null).FirstOrDefault(p => p is not null))));
            foreach (var (port, pod) in incoming.Concat(outgoing))
            {
                if (!int.TryParse(port.Value, out _) && (pod is null || !Has(pod, port.Value))) yield return $"NetworkPolicy {policy.Name()}: no container has the port {port.Value}.";
            }
        }
    }

    private static IEnumerable<string> References(ManifestSet set)
    {
        var maps = set.All<V1ConfigMap>().Select(m => m.Name()).ToHashSet();
        var accounts = set.All<V1ServiceAccount>().Select(a => a.Name()).ToHashSet();
        var priorities = set.All<V1PriorityClass>().Select(p => p.Name()).ToHashSet();
        var claims = set.All<V1PersistentVolumeClaim>().Select(c => c.Name()).ToHashSet();
        bool Secret(string name, string? key) => set.Secrets.Any(s => s.Name == name && (key is null || s.Has(key)));
        foreach (var (name, _, pod, own) in set.Workloads)
        {
            if (pod.Spec.ServiceAccountName is { } account && !accounts.Contains(account)) yield return $"{name}: there is no ServiceAccount {account}.";
            if (pod.Spec.PriorityClassName is { } priority && !priorities.Contains(priority)) yield return $"{name}: there is no PriorityClass {priority}.";
            foreach (var volume in pod.Spec.Volumes ?? [])
            {
                if (volume.PersistentVolumeClaim is { } claim && !claims.Contains(claim.ClaimName)) yield return $"{name}: there is no PersistentVolumeClaim {claim.ClaimName}.";
                if (volume.ConfigMap is { } map && !maps.Contains(map.Name)) yield return $"{name}: there is no ConfigMap {map.Name}.";
                if (volume.Secret is { } secret && !Secret(secret.SecretName, null)) yield return $"{name}: there is no Secret {secret.SecretName}.";
            }

            foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []))
            {
                foreach (var from in container.EnvFrom ?? [])
                {
                    if (from.ConfigMapRef is { } map && !maps.Contains(map.Name)) yield return $"{name}: there is no ConfigMap {map.Name}.";
                    if (from.SecretRef is { } secret && !Secret(secret.Name, null)) yield return $"{name}: there is no Secret {secret.Name}.";
                }

                foreach (var from in (container.Env ?? []).Select(e => e.ValueFrom?.SecretKeyRef).OfType<V1SecretKeySelector>())
                {
                    if (!Secret(from.Name, from.Key)) yield return $"{name}: there is no Secret {from.Name} with {from.Key}.";
                }

                foreach (var from in (container.Env ?? []).Select(e => e.ValueFrom?.ConfigMapKeyRef).OfType<V1ConfigMapKeySelector>())
                {
                    if (!set.All<V1ConfigMap>().Any(m => m.Name() == from.Name && m.Data?.ContainsKey(from.Key) == true)) yield return $"{name}: there is no ConfigMap {from.Name} with {from.Key}.";
                }

                var volumes = (pod.Spec.Volumes ?? []).Select(v => v.Name).Concat(own).ToHashSet();
                foreach (var mount in (container.VolumeMounts ?? []).Where(m => !volumes.Contains(m.Name))) yield return $"{name}: there is no volume {mount.Name}.";
            }
        }
    }

    private static IEnumerable<string> Targets(ManifestSet set)
    {
        var names = set.Workloads.Select(w => w.Name).ToHashSet();
        foreach (var scaler in set.All<V2HorizontalPodAutoscaler>())
        {
            if (!names.Contains($"{scaler.Spec.ScaleTargetRef.Kind} {scaler.Spec.ScaleTargetRef.Name}")) yield return $"HorizontalPodAutoscaler {scaler.Name()} scales nothing.";
            if (set.All<V1Deployment>().FirstOrDefault(d => d.Name() == scaler.Spec.ScaleTargetRef.Name)?.Spec.Replicas is not null) yield return $"HorizontalPodAutoscaler {scaler.Name()}: its Deployment has a count too, which each apply would set back.";
        }

        // An archived log restores nothing without a base backup to begin from.
        var stores = set.Custom("ObjectStore").Select(o => o.Name).ToHashSet();
        var backups = set.Custom("ScheduledBackup").Select(b => (string?)b.Spec["cluster"]!["name"]).ToHashSet();
        foreach (var (name, spec) in set.Custom("Cluster"))
        {
            var archiver = (spec["plugins"] as JsonArray ?? []).FirstOrDefault(p => (bool?)p!["isWALArchiver"] == true);
            if (archiver is null) yield return $"Cluster {name} does not archive its log.";
            else if (!stores.Contains((string?)archiver["parameters"]?["barmanObjectName"] ?? "")) yield return $"Cluster {name}: there is no ObjectStore {archiver["parameters"]?["barmanObjectName"]}.";
            if (!backups.Contains(name)) yield return $"Cluster {name} archives its log and makes no base backup.";
        }

        foreach (var (name, spec) in set.Custom("ScheduledBackup"))
        {
            var cluster = set.Custom("Cluster").FirstOrDefault(c => c.Name == (string?)spec["cluster"]!["name"]).Spec;
            if (!(cluster?["plugins"] as JsonArray ?? []).Any(p => (string?)p!["name"] == (string?)spec["pluginConfiguration"]?["name"])) yield return $"ScheduledBackup {name}: its cluster has no plugin {spec["pluginConfiguration"]?["name"]}.";
        }

        foreach (var (name, spec) in set.Custom("VerticalPodAutoscaler"))
        {
            if (!names.Contains($"{spec["targetRef"]!["kind"]} {spec["targetRef"]!["name"]}")) yield return $"VerticalPodAutoscaler {name} sizes nothing.";
            if ((string?)spec["updatePolicy"]?["updateMode"] is not ("Off" or "Initial")) yield return $"VerticalPodAutoscaler {name} fights the HorizontalPodAutoscaler.";
        }
    }

    private static IEnumerable<string> Monitors(ManifestSet set)
    {
        foreach (var (name, spec) in set.Custom("ServiceMonitor"))
        {
            var service = set.All<V1Service>().FirstOrDefault(s => ManifestSet.Selects(spec["selector"]!, s.Metadata.Labels));
            if (service is null) yield return $"ServiceMonitor {name} selects no Service.";
            foreach (var endpoint in spec["endpoints"]!.AsArray())
            {
                if (service is not null && service.Spec.Ports.All(p => p.Name != (string?)endpoint!["port"])) yield return $"ServiceMonitor {name}: its Service has no port {endpoint!["port"]}.";
                if (endpoint!["authorization"]?["credentials"] is { } key && !set.Secrets.Any(s => s.Name == (string?)key["name"] && s.Has((string)key["key"]!))) yield return $"ServiceMonitor {name}: there is no Secret {key["name"]} with {key["key"]}.";
            }
        }
    }

    private static V1PodTemplateSpec? Behind(ManifestSet set, V1Service service) =>
        service.Spec.Selector is { Count: > 0 } wanted ? set.Workloads.Select(w => w.Pod).FirstOrDefault(p => ManifestSet.Matches(wanted, p.Metadata.Labels)) : null;

    private static V1PodTemplateSpec? Selected(ManifestSet set, V1LabelSelector selector) =>
        set.Workloads.Select(w => w.Pod).FirstOrDefault(p => ManifestSet.Selects(selector, p.Metadata.Labels));

    private static bool Has(V1PodTemplateSpec pod, string port) =>
        pod.Spec.Containers.SelectMany(c => c.Ports ?? []).Any(p => p.Name == port || $"{p.ContainerPort}" == port);
}
