using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>Nodes go and come under load; no answer goes with them.</summary>
[Collection(ClusterTests.Name)]
public sealed class DeathAndJoiningTests(Database database)
{
    private const int Namespaces = 12;
    private const int Records = 400;

    [SkippableFact]
    public async Task A_node_killed_under_load_takes_no_answer_with_it()
    {
        await using var cluster = new RunningCluster(database.New());
        SophiaProcess[] nodes = [await cluster.StartNodeAsync(), await cluster.StartNodeAsync(), await cluster.StartNodeAsync()];
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        await FillAsync(api, Namespaces);
        foreach (var ns in Enumerable.Range(0, Namespaces))
        {
            Assert.Equal(Records, await CountAsync(api, ns, allowPartial: false));
        }

        await using var load = new Load(api, allowPartial: false);
        var victim = await FullestAsync(nodes);
        var held = (await ShardsAsync(victim)).Count;
        await load.AnsweredAsync(20);
        victim.Kill();
        await load.AnsweredAsync(load.Answered + 50);

        foreach (var ns in Enumerable.Range(0, Namespaces))
        {
            Assert.Equal(Records, await CountAsync(api, ns, allowPartial: false));
        }

        await load.DisposeAsync();
        var others = nodes.Where(node => node != victim).ToArray();
        Assert.True(held > 0, "The node that was killed had no shard.");
        Assert.Empty(load.Wrong);
        Assert.Equal(Namespaces, (await Task.WhenAll(others.Select(ShardsAsync))).Sum(static shards => shards.Count));
    }

    [SkippableFact]
    public async Task While_a_dead_nodes_shards_come_up_a_search_that_may_be_partial_says_what_is_missing_and_soon_is_whole()
    {
        await using var cluster = new RunningCluster(database.New());
        var node = await cluster.StartNodeAsync();
        var other = await cluster.StartNodeAsync();
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        await FillAsync(api, 6);
        foreach (var ns in Enumerable.Range(0, 6))
        {
            await CountAsync(api, ns, allowPartial: false);
        }

        var victim = await FullestAsync([node, other]);
        var lost = (await ShardsAsync(victim)).Select(static shard => shard.GetProperty("address").GetString()!.Split('.')[0]).ToArray();
        victim.Kill();
        var partial = 0;
        await Eventually.IsTrueAsync(
            async () =>
            {
                var whole = 0;
                for (var ns = 0; ns < 6; ns++)
                {
                    var answer = await SearchAsync(api, ns, allowPartial: true);
                    var isPartial = answer.TryGetProperty("partial", out var missing);
                    Assert.Equal(isPartial ? 0 : Records, answer.GetProperty("hits").GetArrayLength());
                    Assert.True(!isPartial || missing.GetProperty("missing")[0].GetProperty("reason").GetString()!.Length > 10);
                    partial += isPartial ? 1 : 0;
                    whole += isPartial ? 0 : 1;
                }

                return whole == 6;
            },
            "every shard is back", () => api.Shown);

        Assert.NotEmpty(lost);
        Assert.True(partial > 0, "No search met the gap.");
    }

    [SkippableFact]
    public async Task A_node_that_joins_gets_its_share_and_no_search_is_partial_meanwhile()
    {
        await using var cluster = new RunningCluster(database.New());
        var first = await cluster.StartNodeAsync();
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        await FillAsync(api, Namespaces);
        foreach (var ns in Enumerable.Range(0, Namespaces))
        {
            Assert.Equal(Records, await CountAsync(api, ns, allowPartial: false));
        }

        await using var load = new Load(api, allowPartial: true);
        var second = await cluster.StartNodeAsync();
        await Eventually.IsTrueAsync(
            async () =>
            {
                var (one, two) = (await UsedAsync(first), await UsedAsync(second));
                return Math.Min(one, two) > 0 && (double)Math.Max(one, two) / Math.Min(one, two) <= 1.25;
            },
            "the fullest node has at most 1.25 times the emptiest's bytes", () => first.Shown + second.Shown);
        await load.AnsweredAsync(load.Answered + 50);
        await load.DisposeAsync();

        Assert.Empty(load.Wrong);
        Assert.Equal(Namespaces, (await ShardsAsync(first)).Count + (await ShardsAsync(second)).Count);
    }

    private static async Task FillAsync(SophiaProcess api, int namespaces)
    {
        for (var ns = 0; ns < namespaces; ns++)
        {
            var items = Enumerable.Range(0, Records).Select(i => new { key = $"k{i}", content = $"Ship {i} of fleet {ns} lies in the harbour, berth {i * 7 % 101}." });
            await RunningCluster.JsonAsync(api, HttpMethod.Post, $"/v1/namespaces/fleet-{ns}/memories", JsonSerializer.Serialize(new { items }));
        }
    }

    private static Task<JsonElement> SearchAsync(SophiaProcess api, int ns, bool allowPartial) => RunningCluster.JsonAsync(
        api, HttpMethod.Post, $"/v1/namespaces/fleet-{ns}/search",
        $$"""{"query":"harbour","mode":"lexical","k":1000,"diversity":"off","highlight":false,"timeoutMs":60000,"allowPartial":{{(allowPartial ? "true" : "false")}}}""");

    private static async Task<int> CountAsync(SophiaProcess api, int ns, bool allowPartial) =>
        (await SearchAsync(api, ns, allowPartial)).GetProperty("hits").GetArrayLength();

    private static async Task<List<JsonElement>> ShardsAsync(SophiaProcess node) =>
        [.. (await RunningCluster.JsonAsync(node, HttpMethod.Get, "/health")).GetProperty("shards").EnumerateArray().Where(static s => s.GetProperty("isServed").GetBoolean())];

    private static async Task<long> UsedAsync(SophiaProcess node) =>
        (await RunningCluster.JsonAsync(node, HttpMethod.Get, "/health")).GetProperty("shards").EnumerateArray().Sum(static shard => shard.GetProperty("bytes").GetInt64());

    private static async Task<SophiaProcess> FullestAsync(SophiaProcess[] nodes)
    {
        var shards = await Task.WhenAll(nodes.Select(ShardsAsync));
        return nodes[Enumerable.Range(0, nodes.Length).MaxBy(i => shards[i].Count)];
    }

    /// <summary>Two callers who search all namespaces in turn; what is not a whole, right answer is kept.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;
        private int _answered;

        public Load(SophiaProcess api, bool allowPartial) => _running = Task.WhenAll(Enumerable.Range(0, 2).Select(caller => Task.Run(async () =>
        {
            for (var i = caller; !_stop.IsCancellationRequested; i++)
            {
                var (status, body) = await RunningCluster.SendAsync(
                    api, HttpMethod.Post, $"/v1/namespaces/fleet-{i % Namespaces}/search",
                    $$"""{"query":"ships in the harbour","k":10,"timeoutMs":60000,"allowPartial":{{(allowPartial ? "true" : "false")}}}""");
                if (status != HttpStatusCode.OK || JsonDocument.Parse(body).RootElement is var answer &&
                    (answer.TryGetProperty("partial", out _) || answer.TryGetProperty("degraded", out _) || answer.GetProperty("hits").GetArrayLength() != 10))
                {
                    Wrong.Add($"{(int)status} {body}");
                }

                Interlocked.Increment(ref _answered);
            }
        })));

        public ConcurrentBag<string> Wrong { get; } = [];

        public int Answered => Volatile.Read(ref _answered);

        public Task AnsweredAsync(int count) => Eventually.IsTrueAsync(() => Answered >= count || _running.IsFaulted, $"{count} searches are answered");

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }
    }
}
