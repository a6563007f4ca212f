using System.Text.Json;
using Npgsql;
using Orleans.Runtime;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;
using Sophia.Tests.Infrastructure;

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

        // Also what a service had loaded for itself, before it reached a node, would be there.
        Assert.InRange(await Fleets.LoadedAsync(first) + await Fleets.LoadedAsync(second), Namespaces, Namespaces + 3);
        await Eventually.IsTrueAsync(
            async () => await HeldAsync(first) is [> 0, > 0] held && held.Sum() == Namespaces, "both hold some of the shards, and each is held once", () => first.Shown + second.Shown);
    }

    [SkippableFact]
    public async Task They_find_what_a_service_finds_that_searches_for_itself_and_evict_and_forget_for_each_other()
    {
        await using var cluster = new RunningCluster(database.New());
        var alone = await cluster.StartApiAsync(isClustered: false);
        var (first, second) = await StartTwoAsync(cluster);
        var fleets = new Fleets(first, 2, 300);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        foreach (var service in new[] { first, second })
        {
            var here = await RunningCluster.JsonAsync(alone, HttpMethod.Post, "/v1/namespaces/fleet-1/search", """{"query":"ships of berth 7","k":30}""");
            var there = await RunningCluster.JsonAsync(service, HttpMethod.Post, "/v1/namespaces/fleet-1/search", """{"query":"ships of berth 7","k":30}""");

            Assert.Equal(KeysOf(here), KeysOf(there));
        }

        var forgotten = await RunningCluster.JsonAsync(first, HttpMethod.Post, "/v1/namespaces/fleet-0/forget", """{"keys":["k1"]}""");
        var evicted = await RunningCluster.JsonAsync(second, HttpMethod.Post, "/v1/tiers/L0/evict?namespace=fleet-0");

        Assert.Equal(1, forgotten.GetProperty("erased").GetProperty("l0").GetInt32());
        Assert.Equal(1, evicted.GetProperty("shards").GetInt32());
        await Eventually.IsTrueAsync(async () => (await HeldAsync(first)).Sum() == 1, "the shard is dropped", () => first.Shown + second.Shown);
        Assert.Equal(299, await fleets.CountAsync(0));
    }

    [SkippableFact]
    public async Task One_that_stood_still_until_the_other_took_it_for_dead_answers_and_holds_shards_again()
    {
        var postgres = database.New();
        await using var cluster = new RunningCluster(postgres);
        // One after the other, so that the second asks the nodes over the first, and must find another way when that is gone.
        var first = await cluster.StartApiAsync(isClustered: true, Holds, RunningCluster.DiesFast);
        await RunningCluster.ReachesNodesAsync(first);
        var second = await cluster.StartApiAsync(isClustered: true, Holds, RunningCluster.DiesFast);
        await KnowEachOtherAsync(first, second);
        var fleets = new Fleets(second, 4, 300);
        await fleets.FillAsync();

        first.Pause();
        await Eventually.IsTrueAsync(async () => (await HeldAsync(second)).Length == 1, "the other is alone", () => second.Shown, TimeSpan.FromSeconds(30));
        await fleets.AreWholeAsync();

        // That it does not answer is not yet the verdict, which it is to find in the table.
        await Eventually.IsTrueAsync(() => HasDeadAsync(postgres), "it is taken for dead", () => second.Shown);
        first.Continue();

        await Eventually.IsTrueAsync(async () => (await HeldAsync(first)).Length == 2 && (await HeldAsync(second)).Length == 2, "both are nodes again", () => first.Shown + second.Shown);
        await new Fleets(first, 4, 300).AreWholeAsync();
        Assert.Contains("holds no shards for others", first.Shown, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task When_all_were_killed_at_once_those_that_start_afterwards_answer_before_they_have_joined()
    {
        await using var cluster = new RunningCluster(database.New());
        var (first, second) = await StartTwoAsync(cluster, RunningCluster.DiesFast);
        var fleets = new Fleets(second, 2, 300);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        first.Kill();
        second.Kill();

        // What the dead wrote of themselves in the table stands there for a while.
        var third = await cluster.StartApiAsync(isClustered: true, Holds, RunningCluster.DiesFast);

        await new Fleets(third, 2, 300).AreWholeAsync();
        await RunningCluster.ReachesNodesAsync(third);
        await new Fleets(third, 2, 300).AreWholeAsync();
    }

    [SkippableFact]
    public async Task One_whose_ports_are_taken_says_so_and_answers_all_the_same()
    {
        await using var cluster = new RunningCluster(database.New());
        var ports = new[] { ("Sophia__Cluster__NodePort", RunningCluster.TakePort()), ("Sophia__Cluster__GatewayPort", RunningCluster.TakePort()) };
        var first = await cluster.StartApiAsync(isClustered: true, [Holds, .. ports]);
        await RunningCluster.ReachesNodesAsync(first);

        var second = await cluster.StartApiAsync(isClustered: true, [Holds, .. ports]);

        await new Fleets(second, 1, 100).FillAsync();
        await RunningCluster.ReachesNodesAsync(second);
        await new Fleets(second, 1, 100).AreWholeAsync();
        await Eventually.IsTrueAsync(() => second.Shown.Contains("Sophia:Cluster:NodePort", StringComparison.Ordinal), "it says what to set", () => second.Shown);
    }

    [SkippableTheory]
    [InlineData("localhost", "127.0.0.1", "Host=127.0.0.1;Port=1", "Set the membership to postgres")]
    [InlineData("postgres", "127.0.0.1", "Host=db.example.com;Port=1", "Set the address to this machine's")]
    [InlineData("postgres", "10.0.0.1", "", "ConnectionStrings:postgres is not set")]
    public async Task A_setting_by_which_no_other_would_find_it_stops_the_start_with_the_message_that_fixes_it(string membership, string address, string postgres, string said)
    {
        using var folder = new TestFolder();
        await using var service = SophiaProcess.Launch(new SophiaSettings
        {
            DataDirectory = folder.Path, Postgres = postgres, Environment = new Dictionary<string, string>
            {
                [Holds.Name] = Holds.Value, ["Sophia__Cluster__Membership"] = membership, ["Sophia__Cluster__Address"] = address,
            },
        });

        Assert.Equal(1, await service.WaitForExitAsync(TimeSpan.FromSeconds(60)));
        await Eventually.IsTrueAsync(() => service.Errors.Contains(said, StringComparison.Ordinal), said, () => service.Shown);
    }

    [SkippableFact]
    public async Task When_one_is_killed_the_other_takes_its_shards_and_loses_nothing_that_was_acknowledged()
    {
        await using var cluster = new RunningCluster(database.New());
        var (first, second) = await StartTwoAsync(cluster, RunningCluster.DiesFast);
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

    private static async Task<(SophiaProcess First, SophiaProcess Second)> StartTwoAsync(RunningCluster cluster, params (string, string)[] settings)
    {
        var services = await Task.WhenAll(cluster.StartApiAsync(isClustered: true, [Holds, .. settings]), cluster.StartApiAsync(isClustered: true, [Holds, .. settings]));
        await KnowEachOtherAsync(services);
        return (services[0], services[1]);
    }

    private static async Task KnowEachOtherAsync(params SophiaProcess[] services)
    {
        foreach (var service in services)
        {
            await RunningCluster.ReachesNodesAsync(service);
            await Eventually.IsTrueAsync(async () => (await HeldAsync(service)).Length == 2, "the services know each other", () => service.Shown);
        }
    }

    private static async Task<bool> HasDeadAsync(string postgres)
    {
        await using var source = NpgsqlDataSource.Create(postgres);
        await using var command = source.CreateCommand($"SELECT EXISTS (SELECT FROM OrleansMembershipTable WHERE Status = {(int)SiloStatus.Dead})");
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    private static string[] KeysOf(JsonElement answer) => [.. answer.GetProperty("hits").EnumerateArray().Select(static hit => hit.GetProperty("key").GetString()!)];

    // Of each node that the service hears of.
    private static async Task<int[]> HeldAsync(SophiaProcess service) => [.. (await RunningCluster.JsonAsync(service, HttpMethod.Get, "/v1/gpu"))
        .GetProperty("nodes").EnumerateArray().Select(static node => node.GetProperty("shards")).Where(static shards => shards.ValueKind == JsonValueKind.Number).Select(static shards => shards.GetInt32())];
}
