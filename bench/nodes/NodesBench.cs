using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orleans.Concurrency;
using Sophia.Bench.Reporting;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Grains.Shards;
using Sophia.Gpu.Models;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Postgres;
using Sophia.Tests.Infrastructure;

namespace Sophia.Bench.Nodes;

/// <summary>
/// What a grain adds to a search, on the caller's node and on another, in turns with the search itself; and how long a shard takes to be
/// read back from PostgreSQL. Both nodes are in this process; what they say to each other goes over TCP on loopback.
/// </summary>
internal static class NodesBench
{
    private const int Few = 100;
    private const int Dimensions = 768;
    private const int Batch = 1_000;

    public static async Task RunAsync(BenchSettings settings, Report report)
    {
        using var postgres = PostgresServer.StartNew();
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString());
        if ("grain".StartsWith(settings.Only, StringComparison.Ordinal))
        {
            await MeasureGrainsAsync(settings, report, source, postgres.ConnectionString());
        }

        if ("several".StartsWith(settings.Only, StringComparison.Ordinal))
        {
            await SeveralBench.RunAsync(settings, report, source, postgres.ConnectionString());
        }

        if ("death".StartsWith(settings.Only, StringComparison.Ordinal))
        {
            // A database of its own, whose namespaces are numbered from 1.
            await using (var create = source.CreateCommand("CREATE DATABASE death"))
            {
                await create.ExecuteNonQueryAsync();
            }

            await DeathBench.RunAsync(settings, report, postgres.ConnectionString("death"));
        }

        if ("recovery".StartsWith(settings.Only, StringComparison.Ordinal))
        {
            await MeasureRecoveryAsync(settings, report, source, settings.IsQuick ? 10_000 : 100_000, rounds: 3);
        }

        // Only when it is asked for: the records are stored first, which takes minutes.
        if (settings.Only == "recovery-1m")
        {
            await MeasureRecoveryAsync(settings, report, source, 1_000_000, rounds: 1);
        }
    }

    private static async Task MeasureGrainsAsync(BenchSettings settings, Report report, NpgsqlDataSource source, string connection)
    {
        await ClusterMembership.PrepareAsync(source, default);
        var (here, other) = (await FillAsync(source, "here", Few, 8), await FillAsync(source, "other", Few, 8));
        using var near = await StartNodeAsync(source, connection, free: 1L << 40);
        var cluster = near.Services.GetRequiredService<IGrainFactory>();
        var (hereAddress, otherAddress) = (ShardAddress.Of(here, 0), ShardAddress.Of(other, 0));
        var local = cluster.GetGrain<IShardGrain>(hereAddress.ToString());
        var query = new ShardQuery { Text = "note about subject 7", Vector = [1, 2, 3, 4, 5, 6, 7, 8], K = 10, Now = DateTimeOffset.UtcNow };
        var call = new Immutable<ShardCall>(new ShardCall(query, 0, 0, TimeSpan.FromSeconds(10)));
        Check(await local.SearchAsync(call, default));
        using var far = await StartNodeAsync(source, connection, free: 1L << 41);
        await Task.Delay(TimeSpan.FromSeconds(3));
        var remote = cluster.GetGrain<IShardGrain>(otherAddress.ToString());
        Check(await remote.SearchAsync(call, default));
        var direct = await near.Services.GetRequiredService<ShardHost>().OpenAsync(hereAddress, default);
        if (far.Services.GetRequiredService<ShardHost>().Report() is not [{ IsServed: true } held] || held.Address != otherAddress.ToString())
        {
            throw new InvalidOperationException("The second shard is not on the second node.");
        }

        var calls = settings.IsQuick ? 300 : 2_000;
        var (itself, onNode, elsewhere) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < 9; round++)
        {
            itself.Add(await MedianAsync(calls, async () => (await direct.SearchAsync(call.Value, default)).Outcome));
            onNode.Add(await MedianAsync(calls, async () => (await local.SearchAsync(call, default)).Value.Outcome));
            elsewhere.Add(await MedianAsync(calls, async () => (await remote.SearchAsync(call, default)).Value.Outcome));
        }

        var alone = Statistics.Median(itself);
        report.Begin("nodes: what a grain adds to a search");
        report.Add("a search of 100 records, without a grain", alone, "µs", note: "median of medians of 9 rounds");
        report.Add("a grain on this node adds", Statistics.Median(onNode) - alone, "µs", 20, atLeast: false);
        report.Add("a grain on another node adds", Statistics.Median(elsewhere) - alone, "µs", 500, atLeast: false, note: "TCP on loopback");
        await far.StopAsync();
        await near.StopAsync();
    }

    private static async Task MeasureRecoveryAsync(BenchSettings settings, Report report, NpgsqlDataSource source, int records, int rounds)
    {
        Report.Progress(string.Create(CultureInfo.InvariantCulture, $"storing {records:N0} records of {Dimensions} components"));
        var ns = await FillAsync(source, "big", records, Dimensions);
        var seconds = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            await using var host = NewHost(source, settings.Folder($"vectors-{round}"));
            await host.StartAsync(default);
            var started = Stopwatch.GetTimestamp();
            await host.PrepareAsync(ShardAddress.Of(ns, 0), default);
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            if (host.Report()[0].Records != records)
            {
                throw new InvalidOperationException("The shard does not have all records.");
            }

            Report.Progress(string.Create(CultureInfo.InvariantCulture, $"read back in {seconds[^1]:0.00} s"));
            if (round == rounds - 1)
            {
                await MeasureTogetherAsync(report, await host.OpenAsync(ShardAddress.Of(ns, 0), default));
            }
        }

        report.Begin("nodes: a shard read back from PostgreSQL");
        report.Add(string.Create(CultureInfo.InvariantCulture, $"{records:N0} × {Dimensions}"), Statistics.Median(seconds), "s", note: $"median of {rounds}; PostgreSQL on the same cores");
        report.Add("records in a second", records / Statistics.Median(seconds), "/s", 33_333, note: "1,000,000 in 30 s");
    }

    private static async Task MeasureTogetherAsync(Report report, ShardHost.OpenShard shard)
    {
        const int Callers = 64;
        var random = new Random(2);
        var calls = Enumerable.Range(0, Callers).Select(_ => new ShardCall(
            new ShardQuery { Vector = VectorOf(random, Dimensions), Mode = SearchMode.Vector, K = 10, Now = DateTimeOffset.UtcNow }, 0, 0, TimeSpan.FromSeconds(60))).ToArray();
        var (one, together) = (new List<double>(), new List<double>());
        for (var round = 0; round < 7; round++)
        {
            var started = Stopwatch.GetTimestamp();
            foreach (var call in calls)
            {
                await shard.SearchAsync(call, default);
            }

            one.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            started = Stopwatch.GetTimestamp();
            await Task.WhenAll(calls.Select(call => Task.Run(() => shard.SearchAsync(call, default).AsTask())));
            together.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        report.Begin("nodes: 64 searches by vector of a shard");
        report.Add("one after another", Statistics.Median(one), "ms", note: "median of 7 rounds, in turns");
        report.Add("together", Statistics.Median(together), "ms");
        report.Add("times as many a second", Statistics.Median(one) / Statistics.Median(together), "×");
    }

    internal static async Task<NamespaceInfo> FillAsync(NpgsqlDataSource source, string name, int records, int dimensions)
    {
        await using var memory = new MemoryHierarchy(
            PostgresRecordStore.Create(source, TimeProvider.System), null, new HostShardEngine(), null, new MemoryOptions(), TimeProvider.System);
        await memory.StartAsync(default);
        var ns = await memory.ConfigureNamespaceAsync(
            "bench", name, new NamespaceSettings { VectorSource = VectorSource.Caller, Dimensions = dimensions }, default);
        var random = new Random(1);
        for (var first = 0; first < records; first += Batch)
        {
            var puts = Enumerable.Range(first, Math.Min(Batch, records - first)).Select(i => new PutRequest(new RecordDraft
            {
                Key = string.Create(CultureInfo.InvariantCulture, $"note-{i:0000000}"),
                Content = System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"A note about subject {i % 97}, the {i}th of its kind, kept for the benchmark.")),
                Vector = VectorOf(random, dimensions),
            })).ToArray();
            await memory.PutAsync(ns, puts, null, new Trail(), default);
        }

        return ns;
    }

    internal static float[] VectorOf(Random random, int dimensions)
    {
        var vector = new float[dimensions];
        for (var i = 0; i < dimensions; i++)
        {
            vector[i] = random.NextSingle() - 0.5f;
        }

        return vector;
    }

    internal static ShardHost NewHost(NpgsqlDataSource source, string? folder)
    {
        var map = new PostgresShardMap(source);
        map.PrepareAsync(default).GetAwaiter().GetResult();
        return new ShardHost(
            PostgresRecordStore.Create(source, TimeProvider.System), map, 10_000_000, new HostShardEngine(folder), new ModelCatalog([ModelFactory.Hashed()], null),
            new MemoryOptions(), TimeProvider.System, NullLoggerFactory.Instance);
    }

    internal static async Task<IHost> StartNodeAsync(NpgsqlDataSource source, string connection, long free)
    {
        var host = NewHost(source, null);
        await host.StartAsync(default);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(_ => host);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new NodeSpace(() => free));
        builder.AddShardNode(new ClusterSettings { Membership = "postgres", Id = "bench", NodePort = 0, GatewayPort = 0 }, connection);
        var node = builder.Build();
        await node.StartAsync();
        return node;
    }

    private static async Task<double> MedianAsync(int calls, Func<Task<ShardOutcome>> call)
    {
        var times = new double[calls];
        for (var i = 0; i < calls; i++)
        {
            var started = Stopwatch.GetTimestamp();
            if (await call() != ShardOutcome.Found)
            {
                throw new InvalidOperationException("A search found nothing.");
            }

            times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        Array.Sort(times);
        return Statistics.Quantile(times, 0.5);
    }

    private static void Check(Immutable<ShardReply> reply)
    {
        if (reply.Value is not { Outcome: ShardOutcome.Found, Answer.Hits.Count: 10 })
        {
            throw new InvalidOperationException($"The search does not find: {reply.Value.Outcome} {reply.Value.Reason}");
        }
    }
}
