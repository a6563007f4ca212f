namespace Sophia.Deploy.Tests.Manifests;

/// <summary>The manifests are whole and safe, and each check is known to fail when what it checks is broken.</summary>
public sealed class ManifestTests
{
    [SkippableTheory]
    [InlineData("dev")]
    [InlineData("gh200")]
    [InlineData("postgres")]
    public void An_overlay_renders_is_valid_and_complete(string overlay)
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);

        Assert.Empty(Findings(Kustomize.Render(overlay)));
    }

    /// <summary>Each breaks the rendered manifests in one way; the first part of the finding that must come is named.</summary>
    public static TheoryData<string, string, string, string> Breakages => new()
    {
        { "gh200", "maxUnavailable: 0", "maxUnavailible: 0", "maxUnavailible" },
        { "gh200", "updateMode: \"Off\"", "updateMod: \"Off\"", "updateMod" },
        { "gh200", "refreshInterval: 1h", "refreshIntervall: 1h", "refreshIntervall" },
        { "gh200", "expr:", "exp:", "exp" },
        { "gh200", "kind: PodDisruptionBudget", "kind: PodDisruptionBudgets", "" },
        { "gh200", "minReplicas: 3", "minReplicas: three", "" },
        { "gh200", "updateMode: \"Off\"", "updateMode: Auto", "VerticalPodAutoscaler" },
        { "gh200", "replicas: 1", "", "" },
        { "gh200", "image: registry.example.com/sophia/api:0.1.0", "image: registry.example.com/sophia/api:latest", "Deployment api: the image" },
        { "gh200", "image: registry.example.com/sophia/gpu-tier:0.1.0", "image: registry.example.com/sophia/gpu-tier", "Deployment gpu-tier: the image" },
        { "gh200", "targetPort: 8080", "targetPort: 8443", "Service api: no container" },
        { "gh200", "path: /health", "path: /alive", "Deployment api: a probe asks the wrong" },
        { "gh200", "runAsNonRoot: true", "runAsNonRoot: false", "Deployment api may run as root" },
        { "gh200", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "Deployment api: api may do more" },
        { "gh200", "automountServiceAccountToken: false\n      containers", "containers", "Deployment api mounts" },
        { "gh200", "type: RuntimeDefault", "type: Unconfined", "Deployment api has no seccomp" },
        { "gh200", "serviceAccountName: gpu-tier", "serviceAccountName: gpu", "Deployment gpu-tier: there is no ServiceAccount" },
        { "gh200", "priorityClassName: sophia-gpu-tier", "priorityClassName: gpu", "Deployment gpu-tier: there is no PriorityClass" },
        { "gh200", "port: gateway", "port: gate", "NetworkPolicy" },
        { "gh200", "labels:\n    app: api\n  name: api\n  namespace: sophia-ai-enhanced\nspec:\n  ports:", "name: api\n  namespace: sophia-ai-enhanced\nspec:\n  ports:", "ServiceMonitor api selects no Service" },
        { "gh200", "key: key", "key: key\n          optional: no", "" },
        { "gh200", "HTTP_PORTS: \"8080\"", "HTTP_PORTS: \"8080\"\n  Redis: host,password=x", "ConfigMap api-env" },
        { "gh200", "value: cuda", "value: ${DEVICE}", "A placeholder" },
        { "gh200", "namespace: sophia-ai-enhanced", "namespace: default", "" },
        { "postgres", "cluster:\n    name: sophia-postgres", "cluster:\n    name: sophia", "Cluster sophia-postgres archives its log" },
        { "dev", "key: REDIS_PASSWORD", "key: REDIS_PWD", "Deployment redis: there is no Secret" },
        { "dev", "key: POSTGRES_PASSWORD", "key: PG_PASSWORD", "StatefulSet postgres: there is no Secret" },
        { "dev", "mountPath: /var/run/postgresql\n          name: run", "mountPath: /var/run/postgresql\n          name: runs", "StatefulSet postgres: there is no volume" },
        { "dev", "app: redis\n    spec:", "app: rediss\n    spec:", "Deployment redis does not select" },
    };

    [SkippableTheory]
    [MemberData(nameof(Breakages))]
    public void What_is_broken_is_found(string overlay, string old, string @new, string finding)
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        var whole = Kustomize.Render(overlay);
        if (@new.Length == 0)
        {
            // The other way round: a count where the autoscaler owns it.
            (old, @new, finding) = ("spec:\n  selector:\n    matchLabels:\n      app: gpu-tier\n  strategy:", "spec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app: gpu-tier\n  strategy:", "HorizontalPodAutoscaler gpu-tier: its Deployment has a count");
        }

        var at = whole.IndexOf(old, StringComparison.Ordinal);
        Assert.True(at >= 0, $"The manifests have no '{old}' any more; break something else.");
        var findings = Findings(whole[..at] + @new + whole[(at + old.Length)..]).ToList();

        Assert.Contains(findings, f => f.Contains(finding, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Findings(string yaml)
    {
        ManifestSet set;
        try
        {
            set = ManifestSet.Parse(yaml);
        }
        catch (FormatException error)
        {
            return [error.Message];
        }

        return ReferenceChecks.Find(set).Concat(PolicyChecks.Find(set));
    }
}
