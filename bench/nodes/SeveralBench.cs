using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Sophia.Bench.Reporting;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Shards.Merging;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Postgres;

namespace Sophia.Bench.Nodes;

/// <summary>
/// The same records in one shard and in three: in one process without nodes, by the rounds of the search, and then in turns through the
/// client of two nodes.
/// </summary>
internal static class SeveralBench
{
    /// <summary>Rounds that the compiler needs for what searches run.</summary>
    private const int WarmUps = 6;
    private const int Records = 30_000;
    private const int LargeRecords = 150_000;
    private const int Dimensions = 256;
    private const int Shards = 3;
    private const int Callers = 64;
    private const int ManyWarmUps = 12;
    private static readonly string[] Names = ["one", "several"];

    public static async Task RunAsync(BenchSettings settings, Report report, NpgsqlDataSource source, string connection)
    {
        await ClusterMembership.PrepareAsync(source, default);
        var namespaces = await FillAsync(source, connection, "", Records);
        var large = await FillAsync(source, connection, "large-", settings.IsQuick ? Records : LargeRecords);
        var random = new Random(3);
        var calls = Enumerable.Range(0, 50).Select(i => new ClusterCall(
            new ShardQuery { Text = string.Create(CultureInfo.InvariantCulture, $"note about subject {i}"), Vector = NodesBench.VectorOf(random, Dimensions), K = 10, Now = DateTimeOffset.UtcNow, Fold = true, Typos = true },
            Memory.Log.Sequence.None, 0, TimeSpan.FromSeconds(60), AllowPartial: false)).ToArray();
        var rounds = settings.IsQuick ? 3 : 9;
        await MeasurePartsAsync(report, source, namespaces, calls, rounds);
        await MeasureNodesAsync(report, source, connection, namespaces, large, calls, rounds);
    }

    /// <summary>The same records twice: for one shard, and for three of the same size.</summary>
    private static async Task<List<NamespaceInfo>> FillAsync(NpgsqlDataSource source, string connection, string prefix, int records)
    {
        var namespaces = new List<NamespaceInfo>();
        foreach (var name in Names)
        {
            namespaces.Add(await NodesBench.FillAsync(source, prefix + name, records, Dimensions));
        }

        await using var map = NpgsqlDataSource.Create(connection);
        await new PostgresShardMap(map).PrepareAsync(default);
        for (var shard = 1; shard < Shards; shard++)
        {
            await using var row = map.CreateCommand("INSERT INTO shard_map (ns_id, shard, first) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
            row.Parameters.Add(new() { Value = namespaces[1].Id });
            row.Parameters.Add(new() { Value = shard });
            row.Parameters.Add(new() { Value = (long)shard * records / Shards });
            await row.ExecuteNonQueryAsync();
        }

        return namespaces;
    }

    private static async Task MeasureNodesAsync(
        Report report, NpgsqlDataSource source, string connection, List<NamespaceInfo> namespaces, List<NamespaceInfo> large, ClusterCall[] calls, int rounds)
    {
        using var near = await NodesBench.StartNodeAsync(source, connection, free: 1L << 40);
        using var far = await NodesBench.StartNodeAsync(source, connection, free: 1L << 40);
        await using var cluster = new ShardCluster(
            new ClusterSettings { Membership = "postgres", Id = "bench" }, connection, static _ => Task.CompletedTask, TimeProvider.System, NullLoggerFactory.Instance);
        await cluster.StartAsync(default);
        while (cluster.State != Memory.Tiers.TierState.Healthy)
        {
            await Task.Delay(50);
        }

        var times = new[] { new List<double>(), new List<double>() };
        for (var round = -WarmUps; round < rounds; round++)
        {
            for (var i = 0; i < 2; i++)
            {
                var started = Stopwatch.GetTimestamp();
                foreach (var call in calls)
                {
                    var answer = await cluster.SearchAsync(namespaces[i], call, default);
                    if (answer.Found.Hits.Count != 10 || answer.Found.RowsMatching != Records)
                    {
                        throw new InvalidOperationException($"{Names[i]}: {answer.Found.Hits.Count} hits of {answer.Found.RowsMatching} records.");
                    }
                }

                // The first ones are for the compiler and the caches.
                if (round >= 0)
                {
                    times[i].Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds / calls.Length);
                }
            }
        }

        report.Begin("nodes: 30,000 records in one shard and in three on two nodes");
        report.Add("a hybrid search of one shard", Statistics.Median(times[0]), "ms", note: "one caller, through the client");
        report.Add("a hybrid search of three shards", Statistics.Median(times[1]), "ms", note: "merged exactly");
        report.Add("three for one", Statistics.Median([.. times[1].Zip(times[0], static (three, one) => three / one)]), "×", note: "median of the rounds");
        await MeasureManyAsync(report, cluster, large, calls, rounds);
        await far.StopAsync();
        await near.StopAsync();
    }

    /// <summary>Callers who come at once: shards make what comes while they are busy together, whole searches and parts.</summary>
    private static async Task MeasureManyAsync(Report report, ShardCluster cluster, List<NamespaceInfo> namespaces, ClusterCall[] calls, int rounds)
    {
        report.Begin("nodes: 64 callers at once, 150,000 records in one shard and in three on two nodes");
        foreach (var mode in new[] { SearchMode.Vector, SearchMode.Hybrid })
        {
            for (var i = 0; i < namespaces.Count; i++)
            {
                var rates = new List<double>();
                for (var round = -ManyWarmUps; round < (4 * rounds); round++)
                {
                    var started = Stopwatch.GetTimestamp();
                    await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
                    {
                        var call = calls[caller % calls.Length];
                        var answer = await cluster.SearchAsync(namespaces[i], call with { Query = call.Query with { Mode = mode } }, default);
                        return answer.Found.Hits.Count == 10 ? 0 : throw new InvalidOperationException($"{answer.Found.Hits.Count} hits.");
                    })));
                    if (round >= 0)
                    {
                        rates.Add(Callers / Stopwatch.GetElapsedTime(started).TotalSeconds);
                    }
                }

                report.Add($"{mode}, {(i == 0 ? "one shard" : "three shards")}", Statistics.Median(rates), "searches/s");
            }
        }
    }

    private static async Task MeasurePartsAsync(Report report, NpgsqlDataSource source, List<NamespaceInfo> namespaces, ClusterCall[] calls, int rounds)
    {
        await using var host = NodesBench.NewHost(source, null);
        await host.StartAsync(default);
        var one = await host.OpenAsync(ShardAddress.Of(namespaces[0], 0), default);
        var three = new List<ShardHost.OpenShard>();
        for (var shard = 0; shard < Shards; shard++)
        {
            await host.PrepareAsync(ShardAddress.Of(namespaces[1], shard), default);
            three.Add(await host.OpenAsync(ShardAddress.Of(namespaces[1], shard), default));
        }

        await host.PrepareAsync(ShardAddress.Of(namespaces[0], 0), default);
        var parts = new Dictionary<string, List<double>>();
        for (var round = -WarmUps; round < rounds; round++)
        {
            var spent = new Dictionary<string, TimeSpan>();
            foreach (var call in calls)
            {
                var started = Stopwatch.GetTimestamp();
                await one.SearchAsync(new ShardCall(call.Query, 0, 0, call.Timeout), default);
                spent["one"] = spent.GetValueOrDefault("one") + Stopwatch.GetElapsedTime(started);
                started = Stopwatch.GetTimestamp();
                await new MergedSearch(namespaces[1].Settings, call.Query, async (part, _) =>
                {
                    var begun = Stopwatch.GetTimestamp();
                    var replies = await Task.WhenAll(three.Select(shard => Task.Run(async () => await shard.SearchAsync(new ShardCall(null, 0, 0, call.Timeout) { Part = part }, default))));
                    spent[part.Kind.ToString()] = spent.GetValueOrDefault(part.Kind.ToString()) + Stopwatch.GetElapsedTime(begun);
                    return [.. replies.Select(static reply => reply.Part!)];
                }).RunAsync(default);
                spent["all"] = spent.GetValueOrDefault("all") + Stopwatch.GetElapsedTime(started);
            }

            spent["rest"] = spent["all"] - spent.Where(static part => part.Key is not ("all" or "one")).Aggregate(TimeSpan.Zero, static (sum, part) => sum + part.Value);
            foreach (var (name, time) in spent.Where(_ => round >= 0))
            {
                (parts.TryGetValue(name, out var list) ? list : parts[name] = []).Add(time.TotalMilliseconds / calls.Length);
            }
        }

        report.Begin("nodes: the same without nodes, in one process");
        report.Add("one shard", Statistics.Median(parts["one"]), "ms");
        report.Add("three shards", Statistics.Median(parts["all"]), "ms");
        foreach (var (name, note) in new[] { ("Words", "statistics of the query's words"), ("Candidates", "the three shards beside each other"), ("Vectors", "of look-alikes"), ("rest", "the merged rows into a small shard, and its ranking") })
        {
            if (parts.TryGetValue(name, out var times))
            {
                report.Add($"of it {name.ToLowerInvariant()}", Statistics.Median(times), "ms", note: note);
            }
        }
    }
}
