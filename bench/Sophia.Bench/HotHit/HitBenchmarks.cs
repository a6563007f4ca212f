using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;
using BitFaster.Caching.Lfu;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Sophia.Bench.Writes;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Stores.Sqlite;
using ZiggyCreatures.Caching.Fusion;

namespace Sophia.Bench.HotHit;

/// <summary>
/// A hit among 10,000 keys in shuffled order, the same strings for each cache. Entries of every cache have an expiry that has not
/// come, and Sophia's frequency sketch, counters and latency histogram are on, read by a listener as an exporter does.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet calls CleanUp.")]
public class HitBenchmarks
{
    /// <summary>The environment variable that names the folder of Sophia's store.</summary>
    public const string FolderVariable = "SOPHIA_BENCH_FOLDER";

    private const int Keys = 10_000;
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private readonly string[] _keys = new string[Keys];
    private readonly MeterListener _listener = new();
    private MemoryCache _memoryCache = null!;
    private ConcurrentLfu<string, CachedText> _lfu = null!;
    private FusionCache _fusion = null!;
    private ServiceProvider _services = null!;
    private HybridCache _hybrid = null!;
    private MemoryHierarchy _sophia = null!;
    private NamespaceInfo _ns = null!;
    private int _next;

    internal static string NameOf(string method) => method switch
    {
        nameof(MemoryCacheTryGetValue) => "MemoryCache.TryGetValue",
        nameof(Sophia) => "Sophia, near copy",
        nameof(BitFasterLfu) => "BitFaster ConcurrentLfu.TryGet",
        nameof(FusionTryGet) => "FusionCache.TryGet",
        nameof(FusionGetOrSet) => "FusionCache.GetOrSetAsync",
        _ => "HybridCache.GetOrCreateAsync",
    };

    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult();

    private async Task SetUpAsync()
    {
        var folder = Path.Combine(Environment.GetEnvironmentVariable(FolderVariable) ?? Path.GetTempPath(), Guid.NewGuid().ToString("n"));
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Sophia" && instrument.IsObservable)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.Start();
        _sophia = new MemoryHierarchy(
            SqliteRecordStore.Create(folder, TimeProvider.System, null), null, new HostShardEngine(), new HashedEmbedder(), new MemoryOptions(), TimeProvider.System);
        await _sophia.StartAsync(default);
        _ns = await _sophia.NamespaceForWriteAsync("local", "bench", 0, default);

        _memoryCache = new MemoryCache(new MemoryCacheOptions());
        _lfu = new ConcurrentLfu<string, CachedText>(2 * Keys);
        _fusion = new FusionCache(new FusionCacheOptions { DefaultEntryOptions = new FusionCacheEntryOptions { Duration = Life } });
        _services = new ServiceCollection().AddHybridCache(o => o.DefaultEntryOptions = new() { Expiration = Life, LocalCacheExpiration = Life }).Services.BuildServiceProvider();
        _hybrid = _services.GetRequiredService<HybridCache>();
        var text = EnglishText.Load();
        var expires = DateTimeOffset.UtcNow + Life;
        var puts = new List<PutRequest>(1000);
        for (var i = 0; i < Keys; i++)
        {
            var cached = new CachedText($"customer/{i:00000}/preferences", text.Slice(i).ToArray());
            _keys[i] = cached.Key;
            _memoryCache.Set(cached.Key, cached, Life);
            _lfu.AddOrUpdate(cached.Key, cached);
            await _fusion.SetAsync(cached.Key, cached);
            await _hybrid.SetAsync(cached.Key, cached);
            puts.Add(new PutRequest(new RecordDraft { Key = cached.Key, Content = cached.Content, ExpiresAt = expires }));
            if (puts.Count == puts.Capacity)
            {
                await _sophia.PutAsync(_ns, puts, null, new Trail(), default);
                puts.Clear();
            }
        }

        new Random(1).Shuffle(_keys);
        foreach (var key in _keys)
        {
            if (!_sophia.TryGetNear(_ns, key, Sequence.None, out _) || !_lfu.TryGet(key, out _) || !_memoryCache.TryGetValue(key, out _))
            {
                throw new InvalidOperationException($"{key} is not a hit.");
            }
        }
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _sophia.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _listener.Dispose();
        _fusion.Dispose();
        _services.Dispose();
        _memoryCache.Dispose();
    }

    [Benchmark(Baseline = true)]
    public bool MemoryCacheTryGetValue() => _memoryCache.TryGetValue(NextKey(), out CachedText? _);

    [Benchmark]
    public bool Sophia() => _sophia.TryGetNear(_ns, NextKey(), Sequence.None, out _);

    [Benchmark]
    public bool BitFasterLfu() => _lfu.TryGet(NextKey(), out _);

    [Benchmark]
    public bool FusionTryGet() => _fusion.TryGet<CachedText>(NextKey()).HasValue;

    [Benchmark]
    public ValueTask<CachedText> FusionGetOrSet() => _fusion.GetOrSetAsync<CachedText>(NextKey(), static (_, _) => Missing())!;

    [Benchmark]
    public ValueTask<CachedText> HybridGetOrCreate() => _hybrid.GetOrCreateAsync(NextKey(), static _ => new ValueTask<CachedText>(Missing()));

    private static Task<CachedText> Missing() => throw new InvalidOperationException("A hit was expected.");

    private string NextKey() => _keys[_next = _next + 1 < Keys ? _next + 1 : 0];
}
