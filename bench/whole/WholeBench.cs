using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Bench.Reporting;
using Sophia.Gpu.Devices;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Health;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Bench.Whole;

/// <summary>
/// The whole search by vector as a caller has it: the query's text is embedded by a static model, grains are asked through the client
/// of a node, its shards scan all vectors, certify and merge the best, and these are ranked. The node has the GPUs of this machine with their
/// pools, as Sophia.GpuTier has them; records are made as they are loaded, so nothing but the driver is needed.
/// </summary>
internal static class WholeBench
{
    private const int K = 10;
    private const int Callers = 64;

    /// <summary>Of the vector cache: the pool's pages are not filled to their ends.</summary>
    private const double Filled = 0.93;

    /// <summary>Bytes of a record in the machine's memory beside its vector and its codes, rounded up.</summary>
    private const int RecordBytes = 600;

    public static async Task RunAsync(WholeArguments arguments, Report report)
    {
        var folder = Directory.CreateTempSubdirectory("sophia-whole-").FullName;
        try
        {
            using var gpus = GpuNode.Open(arguments.Pools, TimeProvider.System);
            using var watch = new DeviceWatch(gpus, TimeProvider.System, NullLogger.Instance);
            using var sensors = new GpuSensors(TimeProvider.System);
            if (gpus.Failure is { } failure)
            {
                throw new ArgumentException($"The device does not compute: {failure}");
            }

            var texts = new Texts(arguments.Dimensions);
            var model = ModelFactory.Create("bench", texts.Save(folder), TimeProvider.System, gpus.Devices[0]);
            var records = arguments.Records ?? Most(arguments, gpus);
            var shards = (int)((records + arguments.ShardRecords - 1) / arguments.ShardRecords);
            var ns = new NamespaceInfo(
                1, "bench", "whole", 0, new NamespaceSettings { VectorModel = model.Identity, Dimensions = model.Dimensions }, DateTimeOffset.UtcNow);
            var (store, map) = GeneratedStore.Of(texts, ns, records, arguments.ShardRecords);
            var hostPool = gpus.Devices.FirstOrDefault(static device => device.Device.Facts.Kind == DeviceKind.Host)?[PoolKind.VectorCache];
            await using var host = new ShardHost(
                store, map, long.MaxValue, new HostShardEngine(null, hostPool, DeviceScans.On(gpus, arguments.Pools, TimeProvider.System, PoolKind.VectorCache)),
                new ModelCatalog([model], null), new MemoryOptions(), TimeProvider.System, NullLoggerFactory.Instance);
            await host.StartAsync(default);
            report.Facts["device"] = host.Engine;
            var open = await LoadAsync(host, ns, shards, records, report);
            var space = NodeSpace.Of(gpus, watch, sensors, new ClusterSettings());
            await using var path = await SearchPath.OpenAsync(ns, host, open, space);
            await MeasureAsync(arguments, report, path, new Searches(texts, model, records), gpus);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static List<PooledDevice> GpusOf(GpuNode node) => [.. node.Devices.Where(static device => device.Device.Facts.Kind != DeviceKind.Host)];

    private static long Most(WholeArguments arguments, GpuNode gpus)
    {
        var pool = GpusOf(gpus).Sum(static device => device[PoolKind.VectorCache].Report().GrantedBytes);
        if (pool == 0)
        {
            return 200_000;
        }

        var row = RowPages.RowBytesOf(arguments.Rows switch { "int8" => RowKind.Codes, "float16" => RowKind.Halves, _ => RowKind.Floats }, arguments.Dimensions);
        var inMemory = (long)(0.85 * AvailableMemory.Limit.Bytes) / ((5L * arguments.Dimensions) + RecordBytes);
        return Math.Min((long)(Filled * pool) / (row + RowPages.HeadBytes), inMemory);
    }

    private static async Task<IReadOnlyList<ShardHost.OpenShard>> LoadAsync(ShardHost host, NamespaceInfo ns, int shards, long records, Report report)
    {
        Report.Progress(string.Create(CultureInfo.InvariantCulture, $"loading {records:N0} records into {shards} shards"));
        var (started, open) = (Stopwatch.GetTimestamp(), new ShardHost.OpenShard[shards]);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, shards), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            async (shard, cancellationToken) =>
            {
                // Served from now on: what nobody serves goes after two minutes.
                open[shard] = await host.OpenAsync(ShardAddress.Of(ns, shard), cancellationToken);
                await host.PrepareAsync(ShardAddress.Of(ns, shard), cancellationToken);
            });
        var held = host.Report();
        if (held.Sum(static shard => shard.Records) != records)
        {
            throw new InvalidOperationException("The shards do not have all records.");
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        report.Begin(string.Create(CultureInfo.InvariantCulture, $"loading of {records:N0} × {ns.Settings.Dimensions} in {shards} shards, made as they are read"));
        report.Add("records in a second", records / seconds, "/s", note: string.Create(CultureInfo.InvariantCulture, $"{seconds:N1} s, and {held.Sum(static shard => shard.Bytes) >> 20:N0} MiB in the machine's memory, originals included"));
        return open;
    }

    private static async Task MeasureAsync(WholeArguments arguments, Report report, SearchPath path, Searches searches, GpuNode gpus)
    {
        using var meters = new MeteredScans();
        var onGpu = GpusOf(gpus);
        Report.Progress("warming up: the devices' pools are filled by the first searches");
        for (var i = 0; i < arguments.Searches / 10; i++)
        {
            // The first one brings all rows to the devices, which may take longer than a client waits.
            await searches.RunAsync(-1 - i, path.InProcessAsync);
            await searches.RunAsync(-1 - i, path.ThroughNodesAsync);
        }

        meters.Clear();
        var (paused, allocated, collections) = (GC.GetTotalPauseDuration(), GC.GetTotalAllocatedBytes(), Collections());
        var (whole, embed, direct) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < arguments.Searches; i++)
        {
            // Whoever comes second finds the originals of the best in the processor's cache.
            foreach (var isWhole in (bool[])[i % 2 == 0, i % 2 != 0])
            {
                var (embedded, searched) = await searches.RunAsync(i, isWhole ? path.ThroughNodesAsync : path.InProcessAsync);
                if (isWhole)
                {
                    whole.Add(embedded + searched);
                    embed.Add(embedded);
                }
                else
                {
                    direct.Add(searched);
                }
            }
        }

        var ofPools = string.Join(", ", onGpu.Select(static device => device[PoolKind.VectorCache].Report()).Select(static pool =>
            string.Create(CultureInfo.InvariantCulture, $"{pool.Name}: {pool.UsedBytes / 1e9:N2} of {pool.GrantedBytes / 1e9:N2} GB used")));
        report.Begin(string.Create(
            CultureInfo.InvariantCulture, $"the whole search by vector, {searches.Records:N0} × {arguments.Dimensions}{(onGpu.Count > 0 ? $", {arguments.Rows}" : "")}, k = {K}, one caller"));
        Add(report, "the whole search", whole, onGpu.Count > 0 ? 10 : null, onGpu.Count == 0 || meters.AreDevicesOwn ? ofPools : $"NOT ALL BY DEVICES from what stands on them; {ofPools}");
        Add(report, "of it embedding", embed, null, "a static model");
        Add(report, "in this process, without client and grains", direct, null, "in turns with it");
        report.Add("client and grains add, p50", Quantile(whole, 0.5) - Quantile(embed, 0.5) - Quantile(direct, 0.5), "ms", note: "difference of medians");
        report.Add("paused for collections", (GC.GetTotalPauseDuration() - paused).TotalMilliseconds, "ms", note: $"{string.Join(", ", Collections().Zip(collections, static (now, then) => now - then))} of generations 0, 1, 2, during both kinds of searches");
        report.Add("allocated by a search", (GC.GetTotalAllocatedBytes() - allocated) / (2.0 * arguments.Searches) / 1024, "KiB", note: "mean of both kinds");
        Said(report, "one caller", meters);

        var each = Math.Max(1, arguments.Searches / Callers);
        _ = await TogetherAsync(path, searches, Math.Max(1, each / 10));
        meters.Clear();
        var started = Stopwatch.GetTimestamp();
        var together = await TogetherAsync(path, searches, each);
        var rate = together.Count / Stopwatch.GetElapsedTime(started).TotalSeconds;
        report.Begin(string.Create(CultureInfo.InvariantCulture, $"the same, {Callers} callers"));
        report.Add("searches in a second", rate, "/s");
        Add(report, "a search", together, null, "embedding included");
        Said(report, $"{Callers} callers", meters);
    }

    private static async Task<List<double>> TogetherAsync(SearchPath path, Searches searches, int each)
    {
        var times = await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var own = new List<double>(each);
            for (var i = 0; i < each; i++)
            {
                var (embedded, searched) = await searches.RunAsync((caller * each) + i, path.ThroughNodesAsync);
                own.Add(embedded + searched);
            }

            return own;
        })));
        return [.. times.SelectMany(static own => own)];
    }

    private static int[] Collections() => [GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2)];

    private static void Said(Report report, string who, MeteredScans meters)
    {
        report.Facts[$"meters, {who}"] = meters.ToString();
        Console.WriteLine();
        Console.WriteLine($"The meters of these searches: {meters}.");
    }

    private static void Add(Report report, string name, List<double> times, double? target, string note)
    {
        report.Add($"{name}, p50", Quantile(times, 0.5), "ms", note: note);
        report.Add($"{name}, p99", Quantile(times, 0.99), "ms", target, atLeast: false);
        report.Add($"{name}, longest", times.Max(), "ms", note: string.Create(CultureInfo.InvariantCulture, $"of {times.Count:N0}"));
    }

    private static double Quantile(List<double> times, double quantile) => Statistics.Quantile(times.Order().ToArray(), quantile);

    /// <summary>Each asks with a record's own text, and must find that record first among all.</summary>
    private sealed class Searches(Texts texts, EmbeddingModel model, long records)
    {
        public long Records => records;

        public async Task<(double Embedded, double Searched)> RunAsync(int number, Func<ShardQuery, Task<ShardAnswer>> search)
        {
            var record = 1 + (long)((ulong)number * 0x9E3779B97F4A7C15UL % (ulong)records);
            var text = texts[record];
            var started = Stopwatch.GetTimestamp();
            var vector = (await model.Embedder.GenerateAsync([text]))[0].Vector.ToArray();
            var embedded = Stopwatch.GetElapsedTime(started);
            var found = await search(new ShardQuery { Vector = vector, Mode = SearchMode.Vector, K = K, Now = DateTimeOffset.UtcNow });
            var all = Stopwatch.GetElapsedTime(started);
            var first = found.Hits is [{ Key: var key }, ..] ? key : "none";
            if (found.Hits.Count != K || found.RowsMatching != records || first != GeneratedStore.KeyOf(record))
            {
                throw new InvalidOperationException($"{found.Hits.Count} hits of {found.RowsMatching} records, the first {first}; it should be {GeneratedStore.KeyOf(record)}.");
            }

            return (embedded.TotalMilliseconds, (all - embedded).TotalMilliseconds);
        }
    }
}
