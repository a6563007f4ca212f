using System.Net;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>What is done with shards beside searching them reaches the nodes that have them.</summary>
[Collection(ClusterTests.Name)]
public sealed class BesideSearchesTests(Database database)
{
    [SkippableFact]
    public async Task Eviction_drops_the_shards_on_the_nodes_and_forget_counts_and_awaits_them()
    {
        await using var cluster = new RunningCluster(database.New());
        var nodes = await cluster.StartNodesAsync(2, ("Sophia__Cluster__ShardRecords", "100"));
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, 1, 800);
        for (var count = 400; count <= 800; count += 400)
        {
            await fleets.FillAsync(0, count);
            await fleets.CountAsync(0);
        }

        // The shard behind the last full one is loaded ahead, which would come to what the eviction counts.
        await Eventually.IsTrueAsync(async () => await LastIsOpenAsync(nodes), "the last shard is open", () => Fleets.Shown(nodes));
        var before = await Fleets.SettledAsync(nodes);
        var dry = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/fleet-0/forget", """{"keys":["k1","k2","k799","nothing"],"dryRun":true}""");
        var wet = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/fleet-0/forget", """{"keys":["k1","k2","k799","nothing"]}""");
        var evicted = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/tiers/L0/evict?namespace=fleet-0");
        await Eventually.IsTrueAsync(async () => await ServedAsync(nodes) == 0, "no node has a shard", () => nodes[0].Shown + nodes[1].Shown);
        var cold = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/fleet-0/forget", """{"keys":["k3"],"dryRun":true}""");

        Assert.True(before >= 2, $"{before} shards.");
        Assert.Equal(before, evicted.GetProperty("shards").GetInt32());
        Assert.Equal(3, ShardOf(dry));
        Assert.Equal(3, ShardOf(wet));
        Assert.DoesNotContain("L0", wet.GetProperty("stillHeldBy").GetRawText(), StringComparison.Ordinal);
        Assert.Equal(0, ShardOf(cold));
        Assert.Equal(797, await fleets.CountAsync(0));
    }

    [SkippableFact]
    public async Task A_forget_says_which_node_did_not_answer_whether_its_shards_have_come_to_the_tombstones()
    {
        await using var cluster = new RunningCluster(database.New());

        // The others must not take the node for dead meanwhile: then its memory is gone, and nobody need answer for it.
        var nodes = await cluster.StartNodesAsync(2, ("Sophia__Cluster__ProbeTimeout", "00:00:30"));
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, 1, 100);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        var names = (await RunningCluster.JsonAsync(api, HttpMethod.Get, "/v1/gpu")).GetProperty("nodes").EnumerateArray().Select(static node => node.GetProperty("address").GetString()).ToArray();

        var all = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/fleet-0/forget", """{"keys":["k1"]}""");
        nodes[1].Pause();
        var some = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/fleet-0/forget", """{"keys":["k2"]}""");
        nodes[1].Continue();

        Assert.Equal(0, all.GetProperty("notConfirmed").GetArrayLength());
        var copy = Assert.Single(some.GetProperty("notConfirmed").EnumerateArray());
        Assert.Equal("L0", copy.GetProperty("tier").GetString());
        Assert.Equal(JsonValueKind.Null, copy.GetProperty("shard").ValueKind);
        Assert.NotEmpty(copy.GetProperty("reason").GetString()!);
        if (copy.GetProperty("node").GetString() is { } silent)
        {
            // Null where the way to the other node led over this one: then none has said anything.
            Assert.Contains(silent, names);
        }
    }

    [SkippableFact]
    public async Task A_search_of_the_past_finds_with_nodes_what_it_finds_without()
    {
        await using var cluster = new RunningCluster(database.New());
        await cluster.StartNodeAsync(("Sophia__Cluster__ShardRecords", "100"));
        var (alone, api) = await cluster.StartBothApisAsync();
        var fleets = new Fleets(api, 1, 300);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        var then = DateTimeOffset.UtcNow.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        await Task.Delay(20);
        await RunningCluster.JsonAsync(api, HttpMethod.Delete, "/v1/namespaces/fleet-0/memories/k7");
        await RunningCluster.JsonAsync(api, HttpMethod.Put, "/v1/namespaces/fleet-0/memories/k8", """{"content":"A walrus."}""");
        var past = $$"""{"query":"harbour berth","asOf":"{{then}}","k":1000,"highlight":false}""";

        var here = await RunningCluster.JsonAsync(alone, HttpMethod.Post, "/v1/namespaces/fleet-0/search", past);
        var there = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/fleet-0/search", past);

        Assert.Equal(300, there.GetProperty("matching").GetInt32());
        Assert.Equal(here.GetProperty("hits").GetRawText(), there.GetProperty("hits").GetRawText());
        Assert.Equal("L3", there.GetProperty("tier").GetString());
        Assert.False(there.TryGetProperty("degraded", out _));
        Assert.Equal(299, await fleets.CountAsync(0));
    }

    [SkippableFact]
    public async Task A_change_of_model_ends_with_the_new_models_shard_on_a_node_and_no_search_compared_two_models()
    {
        await using var models = await TwoModels.StartAsync();
        (string, string)[] settings = [.. models.Settings("").Environment.Select(static setting => (setting.Key, setting.Value))];
        await using var cluster = new RunningCluster(database.New());
        var nodes = await cluster.StartNodesAsync(2, settings);
        var api = await cluster.StartApiAsync(isClustered: true, settings);
        await RunningCluster.ReachesNodesAsync(api);
        await TwoModels.WriteAsync(api.Http, "notes", 300);
        using var stop = new CancellationTokenSource();
        var searches = 0;
        var searching = Task.Run(async () =>
        {
            for (; !stop.IsCancellationRequested; Interlocked.Increment(ref searches))
            {
                await TwoModels.FindsAsync(api.Http, "notes", TwoModels.Key(searches * 7 % 300));
            }
        });

        await Eventually.IsTrueAsync(() => Volatile.Read(ref searches) > 0 || searching.IsFaulted, "a search was answered");
        await TwoModels.StartAsync(api.Http, "notes");
        await TwoModels.UntilAsync(api, "notes", "cut-over");
        var held = (await Task.WhenAll(nodes.Select(Fleets.ServedAsync))).SelectMany(static shards => shards)
            .Where(static shard => shard.GetProperty("address").GetString()!.Contains("near", StringComparison.Ordinal)).ToArray();
        await TwoModels.FindsAsync(api.Http, "notes", TwoModels.Key(8));
        await Eventually.IsTrueAsync(() => Volatile.Read(ref searches) > 1 || searching.IsFaulted, "another search was answered");
        await stop.CancelAsync();
        await searching;
        var isDegraded = (await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/search", """{"query":"anything"}""")).TryGetProperty("degraded", out var degraded);

        Assert.Equal(300, Assert.Single(held).GetProperty("records").GetInt64());
        Assert.Equal("near", await TwoModels.CurrentAsync(api.Http, "notes"));
        Assert.False(isDegraded, degraded.ToString());
    }

    [SkippableFact]
    public async Task A_service_shows_the_nodes_and_what_they_hold()
    {
        var (holder, api) = await database.SmallAsync();
        var before = (await Fleets.ServedAsync(holder)).Count;
        var fleets = new Fleets(api, 2, 100);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();

        JsonElement node = default;
        await Eventually.IsTrueAsync(
            async () => (node = (await RunningCluster.JsonAsync(api, HttpMethod.Get, "/v1/gpu")).GetProperty("nodes")[0]).GetProperty("shards").GetInt32() == before + 2, "both shards are seen", () => api.Shown);
        var tier = (await RunningCluster.JsonAsync(api, HttpMethod.Get, "/v1/tiers")).GetProperty("tiers").EnumerateArray().First(static t => t.GetProperty("tier").GetString() == "L0");

        Assert.Equal(Database.SmallBytes, node.GetProperty("limitBytes").GetInt64());
        Assert.True(node.GetProperty("takesShards").GetBoolean());
        Assert.Equal(JsonValueKind.Null, node.GetProperty("leftOut").ValueKind);
        Assert.Equal(Database.SmallBytes, tier.GetProperty("limitBytes").GetInt64());
        Assert.InRange(tier.GetProperty("usedBytes").GetInt64(), 1, Database.SmallBytes);
    }

    private static int ShardOf(JsonElement forget) => forget.GetProperty("erased").GetProperty("l0").GetInt32();

    private static async Task<bool> LastIsOpenAsync(SophiaProcess[] nodes) => (await Task.WhenAll(nodes.Select(Fleets.ServedAsync))).SelectMany(static shards => shards)
        .Any(static shard => shard.GetProperty("end").ValueKind == JsonValueKind.Null);

    private static async Task<int> ServedAsync(SophiaProcess[] nodes) => (await Task.WhenAll(nodes.Select(Fleets.ServedAsync))).Sum(static shards => shards.Count);
}
