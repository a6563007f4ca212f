using System.Text.Json;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>Services that are nodes too hold the shards for each other: each shard once, instead of each service all of them.</summary>
[Collection(ClusterTests.Name)]
public sealed class HoldingServicesTests(Database database)
{
    private static readonly (string Name, string Value) Holds = ("Sophia__Cluster__HoldsShards", "true");

    [SkippableFact]
    public async Task They_hold_each_shard_once_and_find_what_either_wrote_before_it_answered()
    {
        await using var cluster = new RunningCluster(database.New());
        var (first, second) = await StartTwoAsync(cluster);
        const int Namespaces = 6;
        var fleets = new Fleets(first, Namespaces, 400);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        for (var ns = 0; ns < Namespaces; ns++)
        {
            // One writes, the other is asked for it, in turns; one of the two holds the shard.
            for (var i = 0; i < 10; i++)
            {
                var (writer, reader) = i % 2 == 0 ? (first, second) : (second, first);
                var written = await RunningCluster.JsonAsync(writer, HttpMethod.Put, $"/v1/namespaces/fleet-{ns}/memories/walrus-{i}", $$"""{"content":"The walrus number{{i}}."}""");
                var found = await RunningCluster.JsonAsync(
                    reader, HttpMethod.Post, $"/v1/namespaces/fleet-{ns}/search", $$"""{"query":"number{{i}}","mode":"lexical","minSequence":"{{written.GetProperty("sequence").GetString()}}"}""");

                Assert.Equal($"walrus-{i}", Assert.Single(found.GetProperty("hits").EnumerateArray()).GetProperty("key").GetString());
                Assert.False(found.TryGetProperty("degraded", out var degraded), degraded.ToString());
            }
        }

        await Eventually.IsTrueAsync(
            async () => await HeldAsync(first) is [> 0, > 0] held && held.Sum() == Namespaces, "both hold some of the shards, and each is held once", () => first.Shown + second.Shown);
    }

    [SkippableFact]
    public async Task When_one_is_killed_the_other_takes_its_shards_and_loses_nothing_that_was_acknowledged()
    {
        await using var cluster = new RunningCluster(database.New());
        var (first, second) = await StartTwoAsync(cluster);
        var fleets = new Fleets(second, 4, 300);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        await Eventually.IsTrueAsync(async () => await HeldAsync(second) is [> 0, > 0], "both hold some of the shards", () => first.Shown + second.Shown);

        first.Kill();

        await Eventually.IsTrueAsync(
            async () =>
            {
                // Grains that stood in the dead one's part of the directory come up again when they are asked.
                await fleets.AreWholeAsync();
                return await HeldAsync(second) is [4];
            },
            "the other holds all shards", () => second.Shown);
        await using var load = fleets.Search(allowPartial: false);
        await load.AnsweredAsync(50);
        Assert.Empty(load.Wrong);
    }

    [SkippableFact]
    public async Task One_that_is_stopped_gives_its_shards_away_and_the_other_goes_on_without_an_error()
    {
        await using var cluster = new RunningCluster(database.New());
        var (first, second) = await StartTwoAsync(cluster);
        var fleets = new Fleets(second, 4, 300);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        await using var load = fleets.Search(allowPartial: false);
        await load.AnsweredAsync(20);

        first.Terminate();
        Assert.Equal(0, await first.WaitForExitAsync(TimeSpan.FromSeconds(30)));

        await load.AnsweredAsync(100);
        Assert.Empty(load.Wrong);
        await fleets.AreWholeAsync();
    }

    private static async Task<(SophiaProcess First, SophiaProcess Second)> StartTwoAsync(RunningCluster cluster)
    {
        var services = await Task.WhenAll(cluster.StartApiAsync(isClustered: true, Holds), cluster.StartApiAsync(isClustered: true, Holds));
        foreach (var service in services)
        {
            await RunningCluster.ReachesNodesAsync(service);
            await Eventually.IsTrueAsync(async () => (await HeldAsync(service)).Length == 2, "the services know each other", () => service.Shown);
        }

        return (services[0], services[1]);
    }

    // Of each node that the service hears of.
    private static async Task<int[]> HeldAsync(SophiaProcess service) => [.. (await RunningCluster.JsonAsync(service, HttpMethod.Get, "/v1/gpu"))
        .GetProperty("nodes").EnumerateArray().Select(static node => node.GetProperty("shards").GetInt32())];
}
