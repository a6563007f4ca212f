using k8s.Models;

namespace Sophia.Deploy.Tests.Manifests;

/// <summary>Where the pods of the production overlay may run, what they reach, and how many connections they may ask of PostgreSQL.</summary>
public sealed class PlacementTests
{
    /// <summary>Labels as the kubelet, the GPU operator and GPU feature discovery set them.</summary>
    [SkippableTheory]
    [InlineData("kubernetes.io/arch=arm64 nvidia.com/gpu.present=true nvidia.com/gpu.family=hopper nvidia.com/gpu.product=NVIDIA-GH200-480GB", true)]
    [InlineData("kubernetes.io/arch=arm64 nvidia.com/gpu.present=true nvidia.com/gpu.family=hopper nvidia.com/gpu.product=NVIDIA-GH200-144G-HBM3e", true)]
    [InlineData("kubernetes.io/arch=arm64 nvidia.com/gpu.present=true", true)]
    [InlineData("kubernetes.io/arch=arm64 nvidia.com/gpu.present=true nvidia.com/gpu.family=undefined nvidia.com/gpu.product=NVIDIA-GB200", false)]
    [InlineData("kubernetes.io/arch=amd64 nvidia.com/gpu.present=true nvidia.com/gpu.family=hopper nvidia.com/gpu.product=NVIDIA-H200", false)]
    [InlineData("kubernetes.io/arch=arm64", false)]
    public void The_gpu_tier_runs_on_GH200_nodes_also_before_their_gpus_are_described(string labels, bool runs)
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        var node = labels.Split(' ').Select(l => l.Split('=')).ToDictionary(l => l[0], l => l[1]);
        var pod = Pod("gpu-tier");

        Assert.Equal(runs, ManifestSet.Matches(pod.NodeSelector, node) && pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms.Any(t => t.MatchExpressions.All(e => Holds(e, node))));
        Assert.Contains(pod.Tolerations, t => t is { Key: "nvidia.com/gpu", OperatorProperty: "Exists", Effect: "NoSchedule" });
        Assert.Equal("nvidia", pod.RuntimeClassName);
        Assert.Equal("1", pod.Containers.Single().Resources.Limits["nvidia.com/gpu"].ToString());
    }

    /// <summary>Each arrow of the architecture has an end that lets it out and one that lets it in.</summary>
    [SkippableTheory]
    [InlineData("api", "gpu-tier", 30000, true)]
    [InlineData("gpu-tier", "gpu-tier", 11111, true)]
    [InlineData("api", "gpu-tier", 11111, false)]
    [InlineData("api", "gpu-tier", 8080, false)]
    [InlineData("gpu-tier", "api", 8080, false)]
    [InlineData("api", "api", 8080, false)]
    [InlineData("kube-system/app.kubernetes.io/name=traefik", "api", 8080, true)]
    [InlineData("kube-system/app.kubernetes.io/name=coredns", "api", 8080, false)]
    [InlineData("default/app=any", "api", 8080, false)]
    [InlineData("monitoring/app.kubernetes.io/name=prometheus", "api", 8080, true)]
    [InlineData("monitoring/app.kubernetes.io/name=prometheus", "gpu-tier", 8080, true)]
    [InlineData("monitoring/app.kubernetes.io/name=prometheus", "cnpg.io/cluster=sophia-postgres", 9187, true)]
    [InlineData("default/app=any", "gpu-tier", 8080, false)]
    [InlineData("api", "cnpg.io/cluster=sophia-postgres", 5432, true)]
    [InlineData("gpu-tier", "cnpg.io/cluster=sophia-postgres", 5432, true)]
    [InlineData("cnpg.io/cluster=sophia-postgres", "cnpg.io/cluster=sophia-postgres", 5432, true)]
    [InlineData("cnpg.io/cluster=sophia-postgres", "api", 8080, false)]
    [InlineData("cnpg-system/app.kubernetes.io/name=cloudnative-pg", "cnpg.io/cluster=sophia-postgres", 8000, true)]
    [InlineData("api", "kube-system/k8s-app=kube-dns", 53, true)]
    [InlineData("gpu-tier", "kube-system/k8s-app=kube-dns", 53, true)]
    [InlineData("cnpg.io/cluster=sophia-postgres", "kube-system/k8s-app=kube-dns", 53, true)]
    [InlineData("api", "outside", 5432, true)]
    [InlineData("api", "outside", 6379, true)]
    [InlineData("api", "outside", 443, true)]
    [InlineData("api", "outside", 22, false)]
    [InlineData("gpu-tier", "outside", 5432, true)]
    [InlineData("gpu-tier", "outside", 443, true)]
    [InlineData("gpu-tier", "outside", 6379, false)]
    [InlineData("cnpg.io/cluster=sophia-postgres", "outside", 443, true)]
    [InlineData("cnpg.io/cluster=sophia-postgres", "outside", 6443, true)]
    public void What_may_talk_to_what(string from, string to, int port, bool may)
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);

        Assert.Equal(may, NetworkArrows.Allows(Both, from, to, port));
    }

    [SkippableFact]
    public void Both_services_scale_from_3_to_16_pods_and_give_up_no_capacity_that_they_can_keep()
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);

        Assert.Equal(["api 3-16 cpu sophia_request_p95_seconds", "gpu-tier 3-16 sophia_pool_pressure sophia_shard_queue"], Both.All<V2HorizontalPodAutoscaler>()
            .Select(h => $"{h.Name()} {h.Spec.MinReplicas}-{h.Spec.MaxReplicas} {string.Join(' ', h.Spec.Metrics.Select(m => m.Resource?.Name ?? m.Pods.Metric.Name))}").Order());
        var updates = Both.All<V1Deployment>().ToDictionary(d => d.Name(), d => (d.Spec.Strategy.Type, Surge: d.Spec.Strategy.RollingUpdate.MaxSurge.Value, Unavailable: d.Spec.Strategy.RollingUpdate.MaxUnavailable.Value));
        Assert.Equal(("RollingUpdate", "1", "0"), updates["api"]);
        // A new pod waits for an old one's GPU.
        Assert.Equal(("RollingUpdate", "0", "1"), updates["gpu-tier"]);
        var gpu = Pod("gpu-tier").Containers.Single().Resources;
        Assert.Equal(["8", "32Gi", "16", "64Gi"], new[] { gpu.Requests["cpu"], gpu.Requests["memory"], gpu.Limits["cpu"], gpu.Limits["memory"] }.Select(q => q.ToString()));
        Assert.All(["api", "gpu-tier"], name => Assert.Contains(Both.All<V1PodDisruptionBudget>(), b => b.Name() == name && b.Spec is { MaxUnavailable.Value: "1", UnhealthyPodEvictionPolicy: "AlwaysAllow" }));
    }

    [SkippableFact]
    public void PostgreSQL_has_connections_for_every_pod_that_the_autoscalers_may_start()
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        var text = File.ReadAllText(Path.Combine(AppHost.Tests.Recording.Root, "docs", "deployment.md"));
        var each = System.Text.RegularExpressions.Regex.Match(text, "Maximum Pool Size=([0-9]+)");
        Assert.True(each.Success, "docs/deployment.md gives no Maximum Pool Size.");
        var pods = Both.All<V2HorizontalPodAutoscaler>().Sum(h => h.Spec.MaxReplicas);
        var connections = int.Parse((string)Both.Custom("Cluster").Single().Spec["postgresql"]!["parameters"]!["max_connections"]!, System.Globalization.CultureInfo.InvariantCulture);

        Assert.Equal(32, pods);
        // Beside their stores' pool, Orleans has a connection or two of its own for its membership; the operator takes some as well.
        Assert.True(connections >= pods * (int.Parse(each.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) + 1) + 20, $"{connections} for {pods} pods.");
    }

    private static ManifestSet Both { get; } = Kustomize.Missing is null ? ManifestSet.Parse(Kustomize.Render("gh200") + "---\n" + Kustomize.Render("postgres")) : ManifestSet.Parse("");

    private static V1PodSpec Pod(string name) => Both.All<V1Deployment>().Single(d => d.Name() == name).Spec.Template.Spec;

    private static bool Holds(V1NodeSelectorRequirement asked, Dictionary<string, string> node) => asked.OperatorProperty switch
    {
        "In" => node.TryGetValue(asked.Key, out var value) && asked.Values.Contains(value),
        "DoesNotExist" => !node.ContainsKey(asked.Key),
        _ => throw new NotSupportedException(asked.OperatorProperty),
    };
}
