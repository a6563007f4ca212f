using System.Collections.Concurrent;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>Nodes are killed and others join, one after the other and at the same time, while searches go on.</summary>
[Collection(ClusterTests.Name)]
public sealed class KillsAndJoinsTests(Database database)
{
    private const int Namespaces = 12;
    private const int Records = 390;

    /// <summary>The last namespace has three shards of this many records, and less in the last.</summary>
    private const int ShardRecords = 400;

    private const int WideRecords = (2 * ShardRecords) + Records;
    private const string Wide = "fleet-12";
    private static readonly (string, string)[] Settings = [("Sophia__Cluster__ShardRecords", $"{ShardRecords}"), RunningCluster.DiesFast];

    private readonly ConcurrentDictionary<int, long> _wideShards = new();

    [SkippableFact]
    public async Task Through_kills_and_joins_each_answer_is_exact_or_says_what_is_missing_and_shards_of_nodes_that_live_stay_in_memory()
    {
        await using var cluster = new RunningCluster(database.New());
        var nodes = (await cluster.StartNodesAsync(3, Settings)).ToList();
        var (alone, api) = await cluster.StartBothApisAsync();
        var fleets = new Fleets(api, Namespaces, Records);
        await fleets.FillAsync();
        await FillWideAsync(api, fleets);
        var exact = new Dictionary<string, string>();
        for (var ns = 0; ns <= Namespaces; ns++)
        {
            exact[$"fleet-{ns}"] = await WatchedSearches.FoundAsync(alone, $"fleet-{ns}");
        }

        await AreWholeAsync(fleets);
        await AreEvenAsync(nodes);
        await using var load = new WatchedSearches(api, exact, IsRight);
        await load.AnsweredAsync(30);
        Assert.Empty(load.Partial);

        // One dies, when no shard is on its way: one that is would come up where it was to go.
        await Fleets.SettledAsync(nodes);
        var before = await HeldAsync(nodes);
        Kill(nodes, 0);
        await AreWholeAsync(fleets);
        await load.AnsweredAsync(2 * exact.Count);
        await StayedAsync(before, nodes);

        // One joins.
        var partial = load.Partial.Count;
        before = await HeldAsync(nodes);
        nodes.Add(await cluster.StartNodeAsync(Settings));
        await AreEvenAsync(nodes);
        await load.AnsweredAsync(2 * exact.Count);
        Assert.Equal(load.Partial.Take(partial), load.Partial);
        await StayedAsync(before, nodes);

        // One dies while another comes.
        await Fleets.SettledAsync(nodes);
        before = await HeldAsync(nodes);
        var joining = cluster.StartNodeAsync(Settings);
        Kill(nodes, 0);
        nodes.Add(await joining);
        await AreWholeAsync(fleets);
        await AreEvenAsync(nodes);
        await StayedAsync(before, nodes);
        partial = load.Partial.Count;
        await load.AnsweredAsync(2 * exact.Count);
        Assert.Equal(load.Partial.Take(partial), load.Partial);
        await load.DisposeAsync();

        Assert.True(load.Wrong.Count == 0, $"{load.Wrong.Count} of {load.Answered}: {string.Join(Environment.NewLine, load.Wrong.Take(3))}");
        await Eventually.IsTrueAsync(async () => (await HeldAsync(nodes)).Count == exact.Count - 1 + _wideShards.Count, "each shard is served", () => Fleets.Shown(nodes));
        foreach (var (name, found) in exact)
        {
            Assert.Equal(found, await WatchedSearches.FoundAsync(api, name));
        }
    }

    /// <summary>A partial answer has found what the shards that it does not name have, no more and no less.</summary>
    private bool IsRight(string name, JsonElement answer)
    {
        var missing = answer.GetProperty("partial").GetProperty("missing").EnumerateArray().ToArray();
        var isNamed = missing.Length > 0 && missing.All(static one => one.GetProperty("reason").GetString()!.Length > 10);
        var there = name == Wide ? WideRecords - missing.Sum(one => _wideShards[one.GetProperty("shard").GetInt32()]) : 0;
        return isNamed && answer.GetProperty("matching").GetInt32() == there && answer.GetProperty("hits").GetArrayLength() == Math.Min(20, there);
    }

    private static void Kill(List<SophiaProcess> nodes, int index)
    {
        nodes[index].Kill();
        nodes.RemoveAt(index);
    }

    /// <summary>Shards fill while they are searched.</summary>
    private static async Task FillWideAsync(SophiaProcess api, Fleets fleets)
    {
        for (var count = ShardRecords; count < WideRecords + ShardRecords; count += ShardRecords)
        {
            await fleets.FillAsync(Namespaces, Math.Min(count, WideRecords));
            await Eventually.IsTrueAsync(async () => await fleets.CountAsync(Namespaces) == Math.Min(count, WideRecords), "the records are in their shards", () => api.Shown);
        }
    }

    private static async Task AreWholeAsync(Fleets fleets)
    {
        await fleets.AreWholeAsync();
        Assert.Equal(WideRecords, await fleets.CountAsync(Namespaces));
    }

    private static Task AreEvenAsync(List<SophiaProcess> nodes) => Eventually.IsTrueAsync(
        () => Fleets.AreEvenAsync(nodes), "the fullest node has at most 1.25 times the emptiest's bytes", () => Fleets.Shown(nodes));

    /// <summary>By shard: the node that serves it, and when it was loaded there.</summary>
    private async Task<Dictionary<string, (SophiaProcess Node, DateTimeOffset LoadedAt)>> HeldAsync(List<SophiaProcess> nodes)
    {
        var held = new Dictionary<string, (SophiaProcess, DateTimeOffset)>();
        foreach (var node in nodes)
        {
            foreach (var shard in await Fleets.ServedAsync(node))
            {
                var address = shard.GetProperty("address").GetString()!;
                held[address] = (node, shard.GetProperty("loadedAt").GetDateTimeOffset());
                if (address.StartsWith($"{Namespaces + 1}.", StringComparison.Ordinal))
                {
                    _wideShards[int.Parse(address.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture)] = shard.GetProperty("records").GetInt64();
                }
            }
        }

        return held;
    }

    /// <summary>What stood on a node that lives is there still and was not loaded again, unless the balance moved it on, which is told when it is done.</summary>
    private async Task StayedAsync(Dictionary<string, (SophiaProcess Node, DateTimeOffset LoadedAt)> before, List<SophiaProcess> nodes)
    {
        await Eventually.IsTrueAsync(
            async () =>
            {
                var now = await HeldAsync(nodes);
                var moves = string.Concat(before.Values.Select(static held => held.Node).Concat(nodes).Distinct().Select(static node => node.Output));
                var stayed = before.Where(shard => nodes.Contains(shard.Value.Node) && !moves.Contains($"Shard {shard.Key} moves", StringComparison.Ordinal)).ToArray();
                Assert.NotEmpty(stayed);
                return Array.TrueForAll(stayed, shard => now.GetValueOrDefault(shard.Key) == shard.Value);
            },
            "shards of nodes that live are where they were", () => Fleets.Shown(nodes), TimeSpan.FromSeconds(10));
    }
}
