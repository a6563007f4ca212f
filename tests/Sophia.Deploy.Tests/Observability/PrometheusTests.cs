using System.Diagnostics;
using Sophia.Deploy.Tests.Harness;
using Sophia.Deploy.Tests.Manifests;
using Sophia.Tests.Infrastructure;

namespace Sophia.Deploy.Tests.Observability;

/// <summary>Prometheus itself reads the services, the rules, the dashboards' expressions and what its adapter asks for the autoscalers.</summary>
[Collection(ProcessTests.Name)]
public sealed class PrometheusTests
{
    private static readonly string[] Autoscaled = ["api-1 sophia_request_p95_seconds", "gpu-tier-1 sophia_pool_pressure", "gpu-tier-1 sophia_shard_queue"];

    [SkippableFact]
    public async Task Each_expression_can_be_read_autoscalers_have_numbers_also_when_nobody_asks_and_no_alert_is_raised_while_all_is_well()
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        Skip.IfNot(RedisServer.Missing is null, RedisServer.Missing);
        Skip.IfNot(PrometheusServer.Missing is null, PrometheusServer.Missing);
        await using var services = await ObservedServices.StartAsync();
        var groups = ManifestSet.Parse(Kustomize.Render("gh200")).Custom("PrometheusRule").Select(r => r.Spec).Single();
        await using var prometheus = new PrometheusServer(groups.ToJsonString(), ("api", "api-1", services.Api.Http.BaseAddress!), ("gpu-tier", "gpu-tier-1", services.Gpu.Http.BaseAddress!));

        var idle = await EventuallyAsync(() => AutoscaledAsync(prometheus));
        Assert.All(idle.Values, value => Assert.Equal("0", value));

        await services.UseAsync();
        await EventuallyAsync(async () => (await prometheus.QueryAsync("sophia_cortex_calls_total{outcome=\"failed\"} > 0")).ToDictionary(r => r.Value));
        foreach (var (_, expression) in Asked.Rules().Concat(Asked.Dashboards()))
        {
            await prometheus.QueryAsync(expression);
        }

        Assert.NotEmpty(await AutoscaledAsync(prometheus));
        await Assert.ThrowsAsync<InvalidOperationException>(() => prometheus.QueryAsync("sum(rate(a[5m])"));
        var rules = await prometheus.RulesAsync();
        Assert.Equal(Asked.Rules().Select(r => r.Where), rules.Select(r => r.GetProperty("name").GetString()));
        Assert.All(rules, rule => Assert.Equal("", rule.TryGetProperty("lastError", out var fault) ? fault.GetString() : ""));
        Assert.All(rules, rule => Assert.NotEqual("firing", rule.GetProperty("state").GetString()));

        await services.Api.StopAsync();
        var gone = Asked.Rules().Single(r => r.Where == "SophiaApiGone").Expression;
        await EventuallyAsync(async () => (await prometheus.QueryAsync(gone)).ToDictionary(r => r.Value));
    }

    /// <summary>Prometheus takes no file with an expression that it cannot read, so the test above is one of each rule.</summary>
    [SkippableFact]
    public async Task A_rule_that_cannot_be_read_is_refused()
    {
        Skip.IfNot(PrometheusServer.Missing is null, PrometheusServer.Missing);
        await using var prometheus = new PrometheusServer("""{"groups":[{"name":"g","rules":[{"alert":"A","expr":"sum(rate(a[5m])"}]}]}""");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => prometheus.QueryAsync("1"));

        Assert.Contains("unclosed left parenthesis", error.Message, StringComparison.Ordinal);
    }

    /// <summary>What the adapter would give the autoscalers for each pod, as it asks: empty while one lacks a number. It gives NaN as zero.</summary>
    private static async Task<Dictionary<string, string>> AutoscaledAsync(PrometheusServer prometheus)
    {
        var values = new Dictionary<string, string>();
        foreach (var (name, query, _) in Asked.AdapterRules())
        {
            var asked = query.Replace("<<.LabelMatchers>>", "namespace=\"sophia-ai-enhanced\",pod=~\"api-1|gpu-tier-1\"", StringComparison.Ordinal).Replace("<<.GroupBy>>", "pod", StringComparison.Ordinal);
            foreach (var (labels, value) in await prometheus.QueryAsync(asked))
            {
                values[$"{labels.GetProperty("pod").GetString()} {name}"] = value;
            }
        }

        return Autoscaled.All(values.ContainsKey) ? values.Where(v => Autoscaled.Contains(v.Key)).ToDictionary() : [];
    }

    private static async Task<Dictionary<string, T>> EventuallyAsync<T>(Func<Task<Dictionary<string, T>>> find)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            if (await find() is { Count: > 0 } found) return found;
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "Prometheus has no such series.");
        }
    }
}
