using System.Text.Json;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>A node stands still, and the others have not taken it for dead.</summary>
[Collection(ClusterTests.Name)]
public sealed class SilentNodeTests(Database database)
{
    /// <summary>Which node a way leads over depends on how many were taken before it, so an odd count is tried and an even one.</summary>
    [SkippableTheory]
    [InlineData(15)]
    [InlineData(16)]
    public async Task Shards_of_the_other_nodes_are_not_missing_though_the_way_to_them_led_over_it_and_its_own_are_searched_meanwhile(int namespaces)
    {
        await using var cluster = new RunningCluster(database.New());
        var nodes = await cluster.StartNodesAsync(2, ("Sophia__Cluster__ProbeTimeout", "00:00:30"));
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, namespaces, 100);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        await Fleets.SettledAsync(nodes);
        var held = (await Fleets.ServedAsync(nodes[0])).Select(static shard => int.Parse(shard.GetProperty("address").GetString()!.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture) - 1).Order().ToArray();
        Assert.InRange(held.Length, 4, namespaces - 4);
        var silent = Enumerable.Range(0, namespaces).Except(held).ToArray();

        nodes[1].Pause();
        var answers = new List<JsonElement>();
        try
        {
            var ofSilent = Task.WhenAll(silent.Select(ns => fleets.SearchAsync(ns, allowPartial: true)));
            foreach (var ns in held)
            {
                answers.Add(await fleets.SearchAsync(ns, allowPartial: true));
            }

            Assert.All(await ofSilent, static answer => Assert.True(answer.TryGetProperty("partial", out _)));
            foreach (var ns in held)
            {
                answers.Add(await fleets.SearchAsync(ns, allowPartial: true));
            }
        }
        finally
        {
            nodes[1].Continue();
        }

        var partial = answers.Where(static answer => answer.TryGetProperty("partial", out _)).ToArray();
        Assert.InRange(api.Shown.Split("The node of shard").Length - 1, 0, 1);
        Assert.True(partial.Length == 0, $"{partial.Length} of {answers.Count}, such as {partial.FirstOrDefault()}");
    }

    [SkippableFact]
    public async Task The_nodes_that_are_well_are_heard_of_while_shards_of_one_that_stands_still_are_searched()
    {
        await using var cluster = new RunningCluster(database.New());
        var patient = ("Sophia__Cluster__ProbeTimeout", "00:00:30");
        var nodes = await Task.WhenAll(cluster.StartNodeAsync(patient, ("Sophia__Gpu__Node", "north")), cluster.StartNodeAsync(patient, ("Sophia__Gpu__Node", "south")));
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, 12, 100);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        await Fleets.SettledAsync(nodes);
        var silent = (await Fleets.ServedAsync(nodes[1])).Select(static shard => int.Parse(shard.GetProperty("address").GetString()!.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture) - 1).ToArray();

        nodes[1].Pause();
        try
        {
            await Eventually.IsTrueAsync(() => IsHeardOfAsync(api), "the look at the nodes leads over the one that is well", () => api.Shown);
            for (var round = 0; round < 6; round++)
            {
                var searches = Task.WhenAll(silent.Select(ns => fleets.SearchAsync(ns, allowPartial: true)));
                Assert.True(await IsHeardOfAsync(api), $"Nothing is heard of the node that is well in round {round}.");
                await searches;
            }
        }
        finally
        {
            nodes[1].Continue();
        }

        // South is out of the list as soon as a look was made that it did not answer.
        static async Task<bool> IsHeardOfAsync(SophiaProcess api)
        {
            var told = (await RunningCluster.JsonAsync(api, HttpMethod.Get, "/v1/gpu")).GetProperty("nodes").EnumerateArray().ToDictionary(static node => node.GetProperty("name").GetString()!);
            return IsKnown("north") && !IsKnown("south");

            bool IsKnown(string name) => told.TryGetValue(name, out var node) && node.GetProperty("shards").ValueKind == JsonValueKind.Number;
        }
    }
}
