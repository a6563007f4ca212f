using System.Net.Http.Json;
using System.Text.Json;
using Sophia.AppHost.Tests;
using Sophia.Deploy.Tests.Harness;
using Sophia.Deploy.Tests.Manifests;
using Sophia.Tests.Cortex;
using Sophia.Tests.Infrastructure;
using YamlDotNet.Serialization;

namespace Sophia.Deploy.Tests.Observability;

/// <summary>Rules, dashboards and autoscalers name only metrics that the running services print.</summary>
public sealed class MetricNamesTests
{
    /// <summary>Of NVIDIA's exporter, from its default-counters.csv (dcgm-exporter 4.2); it is not ours to run here.</summary>
    private static readonly HashSet<string> Dcgm = ["DCGM_FI_DEV_XID_ERRORS", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_POWER_USAGE"];

    /// <summary>What Prometheus adds to each series by where it read it.</summary>
    private static readonly HashSet<string> OfScraper = ["namespace", "pod", "job"];

    private static string Folder => Path.Combine(Recording.Root, "deploy", "observability");

    [Theory]
    [InlineData("sum(rate(a_total{x=~\"5..\"}[1h])) / sum(rate(b_total[5m])) > 14.4 * 0.001 and c == 0", "a_total b_total c")]
    [InlineData("histogram_quantile(0.95, sum by (le, <<.GroupBy>>) (rate(d_bucket{<<.LabelMatchers>>,r!~\".*/x\"}[2m])))", "d_bucket")]
    [InlineData("sum by (tier) (e) / ignoring(tier) group_left sum(f)", "e f")]
    public void The_metrics_of_an_expression_are_found(string expression, string metrics) => Assert.Equal(metrics, string.Join(' ', PromQl.MetricsOf(expression)));

    [Fact]
    public void The_labels_that_an_expression_selects_by_are_found() =>
        Assert.Equal([("a_total", "x"), ("a_total", "y"), ("b", "z")], PromQl.LabelsOf("sum(rate(a_total{x=~\"5,.{2}=\",y!=\"1\"}[1h])) / b{<<.LabelMatchers>>,z=\"}\"}"));

    [SkippableFact]
    public async Task Every_metric_that_is_asked_for_is_printed_by_a_running_service_with_the_labels_that_are_asked_for()
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        Skip.IfNot(RedisServer.Missing is null, RedisServer.Missing);
        var printed = await PrintedAsync();

        var adapter = AdapterRules().ToList();
        var asks = Rules().Concat(Dashboards()).Concat(adapter.Select(r => (Where: $"adapter {r.Name}", Expression: r.Query))).ToList();
        var unknown = asks.SelectMany(e => PromQl.MetricsOf(e.Expression).Select(metric => (e.Where, Metric: metric)))
            .Where(e => !printed.ContainsKey(e.Metric) && !Dcgm.Contains(e.Metric)).ToList();
        Assert.Empty(unknown);
        var unlabelled = asks.SelectMany(e => PromQl.LabelsOf(e.Expression).Select(use => (e.Where, use.Metric, use.Label)))
            .Where(e => !OfScraper.Contains(e.Label) && !Dcgm.Contains(e.Metric) && !printed[e.Metric].Contains(e.Label)).ToList();
        Assert.Empty(unlabelled);

        var asked = ManifestSet.Parse(Kustomize.Render("gh200")).All<k8s.Models.V2HorizontalPodAutoscaler>()
            .SelectMany(h => h.Spec.Metrics).Select(m => m.Pods?.Metric.Name).OfType<string>().ToList();
        Assert.NotEmpty(asked);
        Assert.Empty(asked.Except(adapter.Select(r => r.Name)));
    }

    /// <summary>The metrics that the services print, with the labels that they have.</summary>
    private static async Task<Dictionary<string, HashSet<string>>> PrintedAsync()
    {
        using var postgres = await Database.StartAsync("postgres");
        using var redis = RedisServer.StartNew(Recording.RedisPassword);
        var recording = Recording.Read();
        await using var gpu = ServiceProcess.Start("Sophia.GpuTier", recording.Services["gpu-tier"], redis.Port, postgres.Port);
        await gpu.IsHealthyAsync();
        await using var model = await FakeChatServer.StartAsync();
        await using var api = ServiceProcess.Start("Sophia.Api", WithModel(recording.Services["api"], model), redis.Port, postgres.Port);
        await api.IsHealthyAsync();
        using (await api.Http.PutAsync(new Uri("/v1/namespaces/n/memories/a", UriKind.Relative), new StringContent("a cat"))) { }
        using (await api.Http.GetAsync(new Uri("/v1/namespaces/n/memories/a", UriKind.Relative))) { }
        using (await api.Http.PostAsJsonAsync("/v1/namespaces/n/search", new { query = "cat" })) { }
        using (await api.Http.PostAsJsonAsync("/v1/namespaces/n/search", new { query = "cat", asOf = DateTimeOffset.UtcNow })) { }

        using (var asked = await api.Http.PostAsJsonAsync("/v1/cortex/complete", new { prompt = "what costs" }))
        {
            Assert.True(asked.IsSuccessStatusCode, await asked.Content.ReadAsStringAsync());
        }

        var text = await api.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)) + await gpu.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return text.Split('\n').Where(l => l.Length > 0 && l[0] != '#').GroupBy(l => l[..l.IndexOfAny(['{', ' '])])
            .ToDictionary(g => g.Key, g => g.SelectMany(l => PromQl.LabelsOf(l)).Select(use => use.Label).ToHashSet());
    }

    /// <summary>With a model, and a budget for it, so that there is something to count.</summary>
    private static Dictionary<string, string> WithModel(IReadOnlyDictionary<string, string> environment, FakeChatServer model) => new(environment)
    {
        ["Sophia__ChatModels__small__Kind"] = "OpenAI", ["Sophia__ChatModels__small__Endpoint"] = model.Endpoint, ["Sophia__ChatModels__small__Model"] = "small",
        ["Sophia__ChatModels__small__ApiKey"] = model.Key, ["Sophia__ChatModels__small__InputDollars"] = "1", ["Sophia__ChatModels__small__OutputDollars"] = "2", ["Sophia__Cortex__Budget__DollarsPerMonth"] = "5",
    };

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
