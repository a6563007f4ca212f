using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Sophia.Bench.Reporting;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Models;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Postgres;

namespace Sophia.Bench.Nodes;

/// <summary>
/// The whole search by vector as a caller has it: the query's text is embedded, a grain is asked through the client of a node, the shard
/// scans all vectors, certifies the best and ranks them. Its parts are measured with the same queries on the same vectors: embedding by
/// itself; the search in this process, without a grain; the scan with its certifying; and the certifying alone, of what one thread's scan left in doubt.
/// </summary>
internal static class WholeBench
{
    private const int K = 10;

    /// <summary>What a shard looks for beyond what it was asked: rows may go meanwhile.</summary>
    private const int Capacity = K + 16;

    private const int Batch = 1_000;

    public static async Task RunAsync(BenchSettings settings, Report report, NpgsqlDataSource source, string connection)
    {
        var (records, searches) = settings.IsQuick ? (20_000, 200) : (200_000, 2_000);
        await ClusterMembership.PrepareAsync(source, default);
        var model = ModelFactory.Hashed();
        Report.Progress(string.Create(CultureInfo.InvariantCulture, $"embedding and storing {records:N0} texts"));
        using var vectors = new VectorPages(model.Dimensions);
        var ns = await FillAsync(source, model, records, vectors);

        using var node = await NodesBench.StartNodeAsync(source, connection, free: 1L << 40);
        await using var cluster = new ShardCluster(
            new ClusterSettings { Membership = "postgres", Id = "bench" }, connection, static _ => Task.CompletedTask, TimeProvider.System, NullLoggerFactory.Instance);
        await cluster.StartAsync(default);
        while (cluster.State != Memory.Tiers.TierState.Healthy)
        {
            await Task.Delay(50);
        }

        await using var host = NodesBench.NewHost(source, null);
        await host.StartAsync(default);
        await host.PrepareAsync(ShardAddress.Of(ns, 0), default);
        var direct = await host.OpenAsync(ShardAddress.Of(ns, 0), default);
        var (whole, embed, there, here, scan, certify) = (Times(), Times(), Times(), Times(), Times(), Times());
        var keys = new ChunkedRows<string?>();
        for (var i = -searches / 10; i < searches; i++)
        {
            var text = TextOf((i + searches) * 7_919 % records);
            var started = Stopwatch.GetTimestamp();
            var vector = (await model.Embedder.GenerateAsync([text]))[0].Vector.ToArray();
            var embedded = Stopwatch.GetElapsedTime(started);
            var query = new ShardQuery { Vector = vector, Mode = SearchMode.Vector, K = K, Now = DateTimeOffset.UtcNow };
            var answer = await cluster.SearchAsync(ns, new ClusterCall(query, Memory.Log.Sequence.None, 0, TimeSpan.FromSeconds(60), AllowPartial: false), default);
            var all = Stopwatch.GetElapsedTime(started);
            if (answer.Found.Hits.Count != K || answer.Found.RowsMatching != records)
            {
                throw new InvalidOperationException($"{answer.Found.Hits.Count} hits of {answer.Found.RowsMatching} records.");
            }

            started = Stopwatch.GetTimestamp();
            await direct.SearchAsync(new ShardCall(query, 0, 0, TimeSpan.FromSeconds(60)), default);
            var own = Stopwatch.GetElapsedTime(started);
            var (scanned, certified) = Scan(vectors, vector, keys);
            if (i >= 0)
            {
                whole.Add(all.TotalMilliseconds);
                embed.Add(embedded.TotalMilliseconds);
                there.Add((all - embedded).TotalMilliseconds);
                here.Add(own.TotalMilliseconds);
                scan.Add(scanned.TotalMilliseconds);
                certify.Add(certified.TotalMilliseconds);
            }
        }

        report.Begin(string.Create(CultureInfo.InvariantCulture, $"nodes: the whole search by vector, {records:N0} texts of {model.Dimensions} dimensions in one shard, k = {K}"));
        Add(report, "the whole search", whole, "text in, hits out; one caller");
        Add(report, "of it embedding", embed, "the built-in embedder");
        Add(report, "of it through client and grain", there, "what is below is in it");
        Add(report, "the shard's search in this process", here, "without client and grain");
        Add(report, "of it scan and certify", scan, "all cores");
        Add(report, "of it certify", certify, "one thread");
        report.Add("client and grain add, p50", Quantile(there, 0.5) - Quantile(here, 0.5), "ms", note: "difference of medians");
        report.Add("merge and rank add, p50", Quantile(here, 0.5) - Quantile(scan, 0.5), "ms", note: "difference of medians");
        await node.StopAsync();
    }

    private static List<double> Times() => [];

    private static void Add(Report report, string name, List<double> times, string note)
    {
        report.Add($"{name}, p50", Quantile(times, 0.5), "ms", note: note);
        report.Add($"{name}, p99", Quantile(times, 0.99), "ms");
    }

    private static double Quantile(List<double> times, double quantile)
    {
        var sorted = times.Order().ToArray();
        return Statistics.Quantile(sorted, quantile);
    }

    private static (TimeSpan Scan, TimeSpan Certify) Scan(VectorPages vectors, float[] vector, ChunkedRows<string?> keys)
    {
        using var query = vectors.Prepare(vector);
        using var pages = vectors.Take();
        var started = Stopwatch.GetTimestamp();
        VectorScan.Run(pages, query, null, new TopRows(Capacity, keys), Capacity, default);
        var scanned = Stopwatch.GetElapsedTime(started);

        using var certain = new CertainRows(Capacity, VectorScan.LimitOf(pages, pages.Used, Capacity));
        var isCertain = pages.Path switch
        {
            VectorPath.Avx512 => RowScan.Codes<Avx512Kernels>(pages, 0, pages.Pages, query, certain),
            VectorPath.Avx2 => RowScan.Codes<Avx2Kernels>(pages, 0, pages.Pages, query, certain),
            _ => RowScan.Codes<PortableKernels>(pages, 0, pages.Pages, query, certain),
        };
        started = Stopwatch.GetTimestamp();
        if (isCertain && certain.Prune())
        {
            VectorScan.Rescore(pages, query, certain, new TopRows(Capacity, keys));
        }

        return (scanned, Stopwatch.GetElapsedTime(started));
    }

    private static string TextOf(int i) => string.Create(
        CultureInfo.InvariantCulture, $"Note {i}: the {i % 97}th ship lies in berth {i * 31 % 1_009} of harbour {i % 41}, its papers are with clerk {i * 17 % 503}.");

    private static async Task<NamespaceInfo> FillAsync(NpgsqlDataSource source, EmbeddingModel model, int records, VectorPages vectors)
    {
        await using var memory = new MemoryHierarchy(
            PostgresRecordStore.Create(source, TimeProvider.System), null, new HostShardEngine(), null, new MemoryOptions(), TimeProvider.System);
        await memory.StartAsync(default);
        var ns = await memory.ConfigureNamespaceAsync("bench", "whole", new NamespaceSettings { VectorSource = VectorSource.Caller, Dimensions = model.Dimensions }, default);
        for (var first = 0; first < records; first += Batch)
        {
            var texts = Enumerable.Range(first, Math.Min(Batch, records - first)).Select(TextOf).ToArray();
            var made = await model.Embedder.GenerateAsync(texts);
            var puts = new PutRequest[texts.Length];
            for (var i = 0; i < texts.Length; i++)
            {
                var vector = made[i].Vector.ToArray();
                vectors.Add(first + i, vector);
                puts[i] = new PutRequest(new RecordDraft
                {
                    Key = string.Create(CultureInfo.InvariantCulture, $"note-{first + i:0000000}"), Content = Encoding.UTF8.GetBytes(texts[i]), Vector = vector,
                });
            }

            await memory.PutAsync(ns, puts, null, new Trail(), default);
        }

        return ns;
    }
}
