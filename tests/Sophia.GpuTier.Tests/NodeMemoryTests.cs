using System.Net;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>What shards may take in a node's memory, and what becomes of those that do not fit.</summary>
[Collection(ClusterTests.Name)]
public sealed class NodeMemoryTests(Database database)
{
    private const string FourMiB = "4194304";

    [SkippableFact]
    public async Task A_shard_that_no_node_has_room_for_is_refused_with_what_to_do_and_comes_up_where_there_is_room()
    {
        await using var cluster = new RunningCluster(database.New());
        var small = await cluster.StartNodeAsync(("Sophia__Cluster__NodeBytes", FourMiB));
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, 2, 500);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        await fleets.FillAsync(2, 8_000);

        var (status, body) = (default(HttpStatusCode), "");
        await Eventually.IsTrueAsync(
            async () =>
            {
                (status, body) = await RunningCluster.SendAsync(api, HttpMethod.Post, "/v1/namespaces/fleet-2/search", """{"query":"harbour","timeoutMs":500}""");
                // That there is no room shows when so much of it has been loaded.
                return !body.Contains("\"shard-loading\"", StringComparison.Ordinal);
            },
            "the node has come to the end of its room", () => small.Shown);
        var partial = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/fleet-2/search", """{"query":"harbour","allowPartial":true}""");
        await fleets.AreWholeAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        var problem = JsonDocument.Parse(body).RootElement;
        Assert.Equal("shard-no-room", problem.GetProperty("code").GetString());
        Assert.Contains("Sophia:Cluster:NodeBytes", problem.GetProperty("suggestion").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("No node has room for it.", partial.GetProperty("partial").GetProperty("missing")[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.True(await Fleets.UsedAsync(small) < 4 << 20, "What could not be loaded stayed in memory.");

        var large = await cluster.StartNodeAsync();
        await Eventually.IsTrueAsync(
            async () => (await RunningCluster.SendAsync(api, HttpMethod.Post, "/v1/namespaces/fleet-2/search", """{"query":"harbour","timeoutMs":30000}""")).Status == HttpStatusCode.OK,
            "the shard is on the node with room", () => small.Shown + large.Shown);
        Assert.Equal(8_000, await fleets.CountAsync(2));
        Assert.Contains(await Fleets.ServedAsync(large), static shard => shard.GetProperty("records").GetInt64() == 8_000);
    }

    [SkippableFact]
    public async Task Shards_that_nobody_asks_for_make_room_and_come_back_by_use()
    {
        await using var cluster = new RunningCluster(database.New());
        var node = await cluster.StartNodeAsync(("Sophia__Cluster__NodeBytes", FourMiB), ("Sophia__ShardIdle", "00:00:01"));
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, 5, 1_500);
        await fleets.FillAsync();

        for (var round = 0; round < 2; round++)
        {
            for (var ns = 0; ns < 5; ns++)
            {
                Assert.Equal(1_500, await fleets.CountAsync(ns));
                await Task.Delay(TimeSpan.FromSeconds(1.2));
            }
        }

        await Eventually.IsTrueAsync(async () => (await Fleets.ServedAsync(node)).Count < 5, "shards made room", () => node.Shown);
        Assert.True(await Fleets.UsedAsync(node) < 4 << 20);
        Assert.True(await Fleets.LoadedAsync(node) > 5, "None came back.");
    }
}
