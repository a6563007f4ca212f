using System.Net.Http.Json;
using System.Text.Json;
using Sophia.AppHost.Tests;
using Sophia.Deploy.Tests.Harness;
using Sophia.Deploy.Tests.Manifests;
using Sophia.Tests.Infrastructure;
using YamlDotNet.Serialization;

namespace Sophia.Deploy.Tests.Observability;

/// <summary>Rules, dashboards and autoscalers name only metrics that the running services print.</summary>
public sealed class MetricNamesTests
{
    /// <summary>Of NVIDIA's exporter, from its default-counters.csv (dcgm-exporter 4.2); it is not ours to run here.</summary>
    private static readonly HashSet<string> Dcgm = ["DCGM_FI_DEV_XID_ERRORS", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_POWER_USAGE"];

    private static string Folder => Path.Combine(Recording.Root, "deploy", "observability");

    [Theory]
    [InlineData("sum(rate(a_total{x=~\"5..\"}[1h])) / sum(rate(b_total[5m])) > 14.4 * 0.001 and c == 0", "a_total b_total c")]
    [InlineData("histogram_quantile(0.95, sum by (le, <<.GroupBy>>) (rate(d_bucket{<<.LabelMatchers>>,r!~\".*/x\"}[2m])))", "d_bucket")]
    [InlineData("sum by (tier) (e) / ignoring(tier) group_left sum(f)", "e f")]
    public void The_metrics_of_an_expression_are_found(string expression, string metrics) => Assert.Equal(metrics, string.Join(' ', PromQl.MetricsOf(expression)));

    [SkippableFact]
    public async Task Every_metric_that_is_asked_for_is_printed_by_a_running_service()
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        Skip.IfNot(RedisServer.Missing is null, RedisServer.Missing);
        var printed = await PrintedAsync();

        var adapter = AdapterRules().ToList();
        var unknown = Rules().Concat(Dashboards()).Concat(adapter.Select(r => (Where: $"adapter {r.Name}", Expression: r.Query)))
            .SelectMany(e => PromQl.MetricsOf(e.Expression).Select(metric => (e.Where, Metric: metric)))
            .Where(e => !printed.Contains(e.Metric) && !Dcgm.Contains(e.Metric)).ToList();
        Assert.Empty(unknown);

        var asked = ManifestSet.Parse(Kustomize.Render("gh200")).All<k8s.Models.V2HorizontalPodAutoscaler>()
            .SelectMany(h => h.Spec.Metrics).Select(m => m.Pods?.Metric.Name).OfType<string>().ToList();
        Assert.NotEmpty(asked);
        Assert.Empty(asked.Except(adapter.Select(r => r.Name)));
    }

    private static async Task<HashSet<string>> PrintedAsync()
    {
        using var postgres = await Database.StartAsync("postgres");
        using var redis = RedisServer.StartNew(Recording.RedisPassword);
        var recording = Recording.Read();
        await using var gpu = ServiceProcess.Start("Sophia.GpuTier", recording.Services["gpu-tier"], redis.Port, postgres.Port);
        await gpu.IsHealthyAsync();
        await using var api = ServiceProcess.Start("Sophia.Api", recording.Services["api"], redis.Port, postgres.Port);
        await api.IsHealthyAsync();
        using (await api.Http.PutAsync(new Uri("/v1/namespaces/n/memories/a", UriKind.Relative), new StringContent("a cat"))) { }
        using (await api.Http.GetAsync(new Uri("/v1/namespaces/n/memories/a", UriKind.Relative))) { }
        using (await api.Http.PostAsJsonAsync("/v1/namespaces/n/search", new { query = "cat" })) { }
        using (await api.Http.PostAsJsonAsync("/v1/namespaces/n/search", new { query = "cat", asOf = DateTimeOffset.UtcNow })) { }

        var text = await api.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)) + await gpu.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return text.Split('\n').Where(l => l.Length > 0 && l[0] != '#').Select(l => l[..l.IndexOfAny(['{', ' '])]).ToHashSet();
    }

    private static IEnumerable<(string Where, string Expression)> Rules() =>
        ManifestSet.Parse(Kustomize.Render("gh200")).All<CustomTypes.Custom<CustomTypes.RuleSpec>>()
            .SelectMany(r => r.Spec!.Groups!).SelectMany(g => g.Rules!).Select(r => (r.Alert!, r.Expr!));

    private static IEnumerable<(string Where, string Expression)> Dashboards()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Folder, "dashboards"), "*.json"))
        {
            using var board = JsonDocument.Parse(File.ReadAllText(file));
            foreach (var panel in board.RootElement.GetProperty("panels").EnumerateArray())
            {
                foreach (var target in panel.GetProperty("targets").EnumerateArray())
                {
                    yield return ($"{Path.GetFileName(file)}: {panel.GetProperty("title")}", target.GetProperty("expr").GetString()!);
                }
            }
        }
    }

    private static IEnumerable<(string Name, string Query)> AdapterRules()
    {
        var values = new DeserializerBuilder().Build().Deserialize<Dictionary<string, Dictionary<string, object>>>(File.ReadAllText(Path.Combine(Folder, "prometheus-adapter.yaml")));
        foreach (var rule in ((List<object>)values["rules"]["custom"]).Cast<Dictionary<object, object>>())
        {
            yield return ((string)((Dictionary<object, object>)rule["name"])["as"], (string)rule["metricsQuery"] + " + " + (string)rule["seriesQuery"]);
        }
    }
}
