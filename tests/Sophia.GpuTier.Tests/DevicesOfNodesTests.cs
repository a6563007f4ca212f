using System.Diagnostics;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>What a service tells of the devices that the nodes of L0 have.</summary>
[Collection(ClusterTests.Name)]
public sealed class DevicesOfNodesTests(Database database)
{
    [SkippableFact]
    public async Task A_service_shows_each_node_by_its_name_with_its_devices_and_pools_and_says_which_does_not_answer()
    {
        await using var cluster = new RunningCluster(database.New());
        // The others must not take the node for dead while it stands still.
        var patient = ("Sophia__Cluster__ProbeTimeout", "00:00:30");
        var first = cluster.StartNodeAsync(patient, ("Sophia__Gpu__Node", "north"));
        var second = await cluster.StartNodeAsync(patient, ("Sophia__Gpu__Node", "south"));
        await first;
        var api = await cluster.StartApiAsync(isClustered: true, ("Sophia__Gpu__Node", "front"));
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, 1, 100);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();

        JsonElement[] nodes = [];
        await Eventually.IsTrueAsync(
            async () => (nodes = await NodesAsync(api)).Sum(static node => node.GetProperty("shards").ValueKind == JsonValueKind.Number ? node.GetProperty("shards").GetInt32() : 0) == 1,
            "the shard is seen", () => api.Shown);
        var pools = await RunningCluster.JsonAsync(api, HttpMethod.Get, "/v1/gpu/pools");

        Assert.Equal(["north", "south"], nodes.Select(static node => node.GetProperty("name").GetString()).Order());
        Assert.All(nodes, static node =>
        {
            var device = Assert.Single(node.GetProperty("devices").EnumerateArray());
            Assert.Equal($"{node.GetProperty("name").GetString()}/host", device.GetProperty("name").GetString());
            Assert.True(device.GetProperty("check").GetProperty("healthy").GetBoolean());
            Assert.Equal(JsonValueKind.Array, node.GetProperty("gpus").ValueKind);
            Assert.Equal(JsonValueKind.Null, node.GetProperty("unanswered").ValueKind);
        });
        var holder = nodes.Single(static node => node.GetProperty("shards").GetInt32() == 1);
        var cache = pools.GetProperty("pools").EnumerateArray().Single(pool => pool.GetProperty("name").GetString() == $"{holder.GetProperty("name").GetString()}/host/vector-cache");
        Assert.True(cache.GetProperty("usedBytes").GetInt64() > 0);
        Assert.Equal(holder.GetProperty("address").GetString(), cache.GetProperty("address").GetString());
        Assert.Contains(pools.GetProperty("pools").EnumerateArray(), static pool => pool.GetProperty("name").GetString() == "front/host/vector-cache");
        Assert.Empty(pools.GetProperty("unanswered").EnumerateArray());

        second.Pause();
        try
        {
            // More than once: the service looks at the nodes each second, and a look may have come to nothing meanwhile.
            for (var look = 0; look < 4; look++)
            {
                var took = Stopwatch.StartNew();
                nodes = await NodesAsync(api);
                Assert.InRange(took.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(4));
                Assert.Contains(nodes, static node => node.GetProperty("name").GetString() == "south" && node.GetProperty("unanswered").ValueKind == JsonValueKind.String);
            }

            pools = await RunningCluster.JsonAsync(api, HttpMethod.Get, "/v1/gpu/pools");
            Assert.Contains(pools.GetProperty("unanswered").EnumerateArray(), static node => node.GetProperty("name").GetString() == "south" && node.GetProperty("reason").GetString()!.Length > 10);
        }
        finally
        {
            second.Continue();
        }
    }

    private static async Task<JsonElement[]> NodesAsync(SophiaProcess api) => [.. (await RunningCluster.JsonAsync(api, HttpMethod.Get, "/v1/gpu")).GetProperty("nodes").EnumerateArray()];
}
