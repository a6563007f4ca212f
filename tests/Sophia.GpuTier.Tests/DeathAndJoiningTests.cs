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
        var nodes = await cluster.StartNodesAsync(3, RunningCluster.DiesFast);
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, Namespaces, Records);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        // Each node hears once a second what the others hold.
        await Task.Delay(TimeSpan.FromSeconds(2));

        await using var load = fleets.Search(allowPartial: false);
        var victim = await FullestAsync(nodes);
        var others = nodes.Where(node => node != victim).ToArray();
        var held = (await Fleets.ServedAsync(victim)).Count;
        await load.AnsweredAsync(20);
        victim.Kill();
        await load.AnsweredAsync(50);
        await fleets.AreWholeAsync();
        await load.DisposeAsync();

        Assert.True(held > 0, "The node that was killed had no shard.");
        Assert.True(load.Wrong.IsEmpty, string.Join(Environment.NewLine, load.Wrong));
        await AllServedAsync(others);
    }

    [SkippableFact]
    public async Task While_a_dead_nodes_shards_come_up_a_search_that_may_be_partial_says_what_is_missing_and_soon_is_whole()
    {
        await using var cluster = new RunningCluster(database.New());
        var nodes = await cluster.StartNodesAsync(2, RunningCluster.DiesFast);
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, 6, Records);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();

        var victim = await FullestAsync(nodes);
        var lost = (await Fleets.ServedAsync(victim)).Select(static shard => shard.GetProperty("address").GetString()!.Split('.')[0]).ToArray();
        victim.Kill();
        var partial = 0;
        await Eventually.IsTrueAsync(
            async () =>
            {
                var whole = 0;
                for (var ns = 0; ns < 6; ns++)
                {
                    var answer = await fleets.SearchAsync(ns, allowPartial: true);
                    var isPartial = answer.TryGetProperty("partial", out var missing);
                    Assert.Equal(isPartial ? 0 : Records, answer.GetProperty("hits").GetArrayLength());
                    Assert.True(!isPartial || IsPlain(missing.GetProperty("missing")[0].GetProperty("reason").GetString()!), answer.GetRawText());
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
        var fleets = new Fleets(api, Namespaces, Records);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();

        await using var load = fleets.Search(allowPartial: true);
        var second = await cluster.StartNodeAsync();
        await Eventually.IsTrueAsync(async () => await Fleets.AreEvenAsync([first, second]), "the fullest node has at most 1.25 times the emptiest's bytes", () => first.Shown + second.Shown);
        await load.AnsweredAsync(50);
        await load.DisposeAsync();

        Assert.True(load.Wrong.IsEmpty, string.Join(Environment.NewLine, load.Wrong));
        await AllServedAsync(first, second);
    }

    [SkippableFact]
    public async Task A_shard_that_moves_is_served_where_it_went_also_when_nobody_asks_for_it()
    {
        await using var cluster = new RunningCluster(database.New());
        var first = await cluster.StartNodeAsync();
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, 4, Records);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();

        var second = await cluster.StartNodeAsync();
        await Eventually.IsTrueAsync(async () => await Fleets.AreEvenAsync([first, second]), "shards moved", () => first.Shown + second.Shown);

        await Eventually.IsTrueAsync(
            async () => (await Fleets.ServedAsync(first)).Count == 2 && (await Fleets.ServedAsync(second)).Count == 2, "each serves two", () => first.Shown + second.Shown);
    }

    /// <summary>A sentence, and nothing of what is inside.</summary>
    private static bool IsPlain(string reason) => reason.Length is > 10 and < 200 && !reason.Contains("Orleans", StringComparison.Ordinal) && !reason.Contains(".cs", StringComparison.Ordinal) && !reason.Contains("127.0.0.1", StringComparison.Ordinal);

    /// <summary>A shard that is on its way from one node to another is served by neither for a moment.</summary>
    private static Task AllServedAsync(params SophiaProcess[] nodes) => Eventually.IsTrueAsync(
        async () => (await Task.WhenAll(nodes.Select(Fleets.ServedAsync))).SelectMany(static shards => shards).Select(static shard => shard.GetProperty("address").GetString()).ToArray() is var served &&
            served.Length == Namespaces && served.Distinct().Count() == Namespaces,
        "each shard is served by one node", () => Fleets.Shown(nodes));

    private static async Task<SophiaProcess> FullestAsync(SophiaProcess[] nodes)
    {
        var shards = await Task.WhenAll(nodes.Select(Fleets.ServedAsync));
        return nodes[Enumerable.Range(0, nodes.Length).MaxBy(i => shards[i].Count)];
    }
}
