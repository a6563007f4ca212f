using System.Net.Http.Json;
using System.Text.Json;
using Sophia.Deploy.Tests.Harness;
using Sophia.Deploy.Tests.Manifests;
using Sophia.Tests.Infrastructure;
using Labels = System.Collections.Generic.Dictionary<string, System.Collections.Generic.HashSet<string>>;

namespace Sophia.Deploy.Tests.Observability;

/// <summary>Rules, dashboards and autoscalers name only metrics that the running services print.</summary>
[Collection(ProcessTests.Name)]
public sealed class MetricNamesTests
{
    /// <summary>Of NVIDIA's exporter, from its default-counters.csv (dcgm-exporter 4.2); it is not ours to run here.</summary>
    private static readonly HashSet<string> Dcgm = ["DCGM_FI_DEV_XID_ERRORS", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_POWER_USAGE"];

    /// <summary>Prometheus' own, of each target that it reads.</summary>
    private const string Up = "up";

    /// <summary>What Prometheus adds to each series by where it read it.</summary>
    private static readonly HashSet<string> OfScraper = ["namespace", "pod", "job"];

    [Theory]
    [InlineData("sum(rate(a_total{x=~\"5..\"}[1h])) / sum(rate(b_total[5m])) > 14.4 * 0.001 and c == 0", "a_total b_total c")]
    [InlineData("histogram_quantile(0.95, sum by (le, <<.GroupBy>>) (rate(d_bucket{<<.LabelMatchers>>,r!~\".*/x\"}[2m])))", "d_bucket")]
    [InlineData("sum by (tier) (e) / ignoring(tier) group_left sum(f)", "e f")]
    public void The_metrics_of_an_expression_are_found(string expression, string metrics) => Assert.Equal(metrics, string.Join(' ', PromQl.MetricsOf(expression)));

    [Fact]
    public void The_labels_that_an_expression_selects_by_are_found() =>
        Assert.Equal([("a_total", "x", "=~", "5,.{2}="), ("a_total", "y", "!=", "1"), ("b", "z", "=", "}")], PromQl.SelectionsOf("sum(rate(a_total{x=~\"5,.{2}=\",y!=\"1\"}[1h])) / b{<<.LabelMatchers>>,z=\"}\"}"));

    [Theory]
    [InlineData("sum(rate(b_total[5m]))", "x: nobody prints b_total.")]
    [InlineData("sum(rate(a_total{cause=\"x\"}[5m]))", "x: a_total has no label cause.")]
    [InlineData("sum(rate(a_total{tier=\"L9\"}[5m]))", "x: a_total has no tier L9.")]
    [InlineData("sum(rate(a_total{tier=\"L0\",pod=\"p\"}[5m])) + DCGM_FI_DEV_GPU_UTIL", null)]
    public void What_nobody_prints_is_found(string expression, string? finding) =>
        Assert.Equal(finding is null ? [] : [finding], Findings([("x", expression)], Printed("a_total{tier=\"L0\"} 1\n")));

    [SkippableFact]
    public async Task Every_metric_that_is_asked_for_is_printed_by_a_running_service_with_the_labels_that_are_asked_for()
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        Skip.IfNot(RedisServer.Missing is null, RedisServer.Missing);
        await using var services = await ObservedServices.StartAsync();
        await services.UseAsync();
        var metrics = new Uri("/metrics", UriKind.Relative);
        var printed = Printed(await services.Api.Http.GetStringAsync(metrics) + await services.Gpu.Http.GetStringAsync(metrics));

        var adapter = Asked.AdapterRules().ToList();
        var asks = Asked.Rules().Concat(Asked.Dashboards()).Concat(adapter.SelectMany(r => new[] { ($"adapter {r.Name}", r.Query), ($"adapter {r.Name}", r.Series) }));
        Assert.Equal("", string.Join('\n', Findings(asks, printed)));

        var asked = ManifestSet.Parse(Kustomize.Render("gh200")).All<k8s.Models.V2HorizontalPodAutoscaler>()
            .SelectMany(h => h.Spec.Metrics).Select(m => m.Pods?.Metric.Name).OfType<string>().ToList();
        Assert.NotEmpty(asked);
        Assert.Empty(asked.Except(adapter.Select(r => r.Name)));

        // Each tier's own budget is what its alert compares with.
        using var tiers = (await services.Api.Http.GetFromJsonAsync<JsonDocument>("/v1/tiers"))!;
        var alert = Asked.Rules().Single(r => r.Where == "SophiaTierOverBudget").Expression;
        Assert.All(tiers.RootElement.GetProperty("tiers").EnumerateArray(), tier => Assert.Contains(
            FormattableString.Invariant($"{{tier=\"{tier.GetProperty("tier").GetString()}\"}}[5m]))) > {tier.GetProperty("budgetMs").GetDouble() / 1000}"), alert, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Findings(IEnumerable<(string Where, string Expression)> asks, Dictionary<string, Labels> printed)
    {
        foreach (var (where, expression) in asks)
        {
            foreach (var metric in PromQl.MetricsOf(expression).Where(m => !printed.ContainsKey(m) && !Dcgm.Contains(m) && m != Up)) yield return $"{where}: nobody prints {metric}.";
            foreach (var (metric, label, test, value) in PromQl.SelectionsOf(expression).Where(s => printed.ContainsKey(s.Metric) && !OfScraper.Contains(s.Label)))
            {
                if (!printed[metric].TryGetValue(label, out var values)) yield return $"{where}: {metric} has no label {label}.";
                else if (test == "=" && !values.Contains(value)) yield return $"{where}: {metric} has no {label} {value}.";
            }
        }
    }

    /// <summary>The metrics in what the services print, with the values that each label has.</summary>
    private static Dictionary<string, Labels> Printed(string text) => text.Split('\n').Where(l => l.Length > 0 && l[0] != '#')
        .GroupBy(l => l[..l.IndexOfAny(['{', ' '])])
        .ToDictionary(g => g.Key, g => g.SelectMany(PromQl.SelectionsOf).GroupBy(s => s.Label).ToDictionary(l => l.Key, l => l.Select(s => s.Value).ToHashSet()));
}
