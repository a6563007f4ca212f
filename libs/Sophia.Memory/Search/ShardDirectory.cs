using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Search;

/// <summary>
/// The shards that are in memory: loaded on demand, dropped when cold and memory is short. A namespace has one for each model
/// that it is searched by: two while its model changes, since requests that began before the cut-over end with the old one. The
/// same holds for its language: its words are read anew into a shard of their own, and the old one is dropped when left behind.
/// </summary>
internal sealed partial class ShardDirectory(
    IShardEngine engine, LogTail tail, IRecordStore store, VectorCompletion vectors, MemoryOptions options, TierMeter meter, TimeProvider clock,
    ILogger logger, IShardMap? map = null, long shardRecords = long.MaxValue, long mostBytes = long.MaxValue)
    : IAsyncDisposable
{
    /// <summary>Changes of the log that a shard may be behind before writers are held back; about a tenth of a second of full load.</summary>
    public const int MostBehind = 2_000;

    /// <summary>Loads that run beside each other: a small one must not wait for a few large ones.</summary>
    public static readonly int LoadsAtOnce = Math.Max(8, 2 * Environment.ProcessorCount);

    private static readonly TimeSpan PacePatience = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits in a row while the shard makes headway: behind what memory holds it would read from the store, which makes it slower still.</summary>
    private const int MostPaces = 10;

    private static readonly TimeSpan Afterlife = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MissingPatience = TimeSpan.FromSeconds(30);
    private readonly LoadTurns _turns = new(LoadsAtOnce);
    private readonly ConcurrentDictionary<ShardKey, LoadedShard> _shards = new();
    private readonly Lock _opening = new();
    private volatile bool _isClosed;

    public string Engine => engine.Engine;

    /// <summary>Changes that the slowest loaded shard has still to take in. One that is loading counts from no change, and is not behind.</summary>
    public long Behind => Loaded.Where(static s => s.Ready.IsCompletedSuccessfully).Select(s => Math.Max(tail.Seen[s.Namespace.Partition] - s.Seen, 0)).DefaultIfEmpty(0).Max();

    /// <summary>Walked without a copy: one that comes or goes meanwhile may be missed.</summary>
    public IEnumerable<LoadedShard> Loaded => _shards.Select(static entry => entry.Value);

    private readonly record struct ShardKey(long NamespaceId, string? Model, string Language, int Number)
    {
        public static ShardKey Of(ShardAddress address) => new(address.NamespaceId, address.Model, address.Language, address.Number);

        public static ShardKey Of(NamespaceInfo ns, int number) => new(ns.Id, ns.Settings.VectorModel, ns.Settings.Language, number);

        public static ShardKey Of(LoadedShard shard) => Of(shard.Namespace, shard.Span.Number);
    }

    /// <summary>
    /// Holds a writer back for a moment when the namespace's shard has fallen behind the log: what the shard still has to
    /// take in is then in memory, and a search that wants the write need not wait long. A shard that makes headway is waited
    /// for up to a second, one that makes none for a tenth of it, one that is loading not at all.
    /// </summary>
    public ValueTask PaceAsync(NamespaceInfo ns)
    {
        var last = tail.Seen[ns.Partition] - MostBehind;
        return Find(ns) is { Ready.IsCompletedSuccessfully: true, IsBroken: false } shard && shard.Seen < last
            ? WaitAsync(shard, last) : ValueTask.CompletedTask;

        static async ValueTask WaitAsync(LoadedShard shard, long last)
        {
            for (var (pace, seen) = (0, -1L); pace < MostPaces && shard.Seen > seen; pace++)
            {
                seen = shard.Seen;
                if (await shard.ReachAsync(last, PacePatience, CancellationToken.None).ConfigureAwait(false))
                {
                    return;
                }
            }
        }
    }

    public LoadedShard? Find(NamespaceInfo ns, int number = 0) => _shards.GetValueOrDefault(ShardKey.Of(ns, number));

    public bool IsInMemory(ShardAddress address) => _shards.ContainsKey(ShardKey.Of(address));

    /// <summary>Ids of the namespaces of which a shard is being loaded, or has not caught up with the one that it renews, whatever its model.</summary>
    public HashSet<long> Loading() => [.. InMemory.Where(shard => !shard.Ready.IsCompleted || shard == _renewal?.New).Select(static shard => shard.Namespace.Id)];

    /// <summary>The namespace's shard, which may still be loading.</summary>
    /// <param name="wasLoaded">True when it was there and ready.</param>
    /// <param name="number">Of the shard in the namespace; 0 is the only one where there is no map.</param>
    public LoadedShard Open(NamespaceInfo ns, out bool wasLoaded, int number = 0)
    {
        var key = ShardKey.Of(ns, number);
        if (_shards.TryGetValue(key, out var shard) && !IsToReplace(shard, ns))
        {
            wasLoaded = shard.Ready.IsCompletedSuccessfully;
            return shard;
        }

        lock (_opening)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            wasLoaded = false;
            if (_shards.TryGetValue(key, out shard) && !IsToReplace(shard, ns))
            {
                return shard;
            }

            var opened = Load(ns, number, mostBytes == long.MaxValue ? null : MakeRoomAsync);
            if (shard is not null)
            {
                _leaving[shard] = 0;
                // One of a namespace that was made anew is asked for by nobody.
                shard.Eviction = shard.IsBroken ? new ShardEviction(LoadedAnew, shard.Idle) : null;
            }

            _shards[key] = opened;
            meter.Promote();
            if (shard is not null)
            {
                // Its memory is given back once the last search in it is over; the caller need not wait for that.
                _ = LeaveAsync(shard);
                _ = TakeRenewalOf(shard)?.DisposeAsync().AsTask();
            }

            return opened;
        }
    }

    private LoadedShard Load(NamespaceInfo ns, int number, Func<LoadedShard, ValueTask>? makeRoom, bool makesVectors = true) =>
        new(ns, new ShardSpan(ns, number, map, shardRecords), engine.Create(ns), tail, store, vectors, clock, _turns, makeRoom) { MakesVectors = makesVectors };

    // One for which there was no room says so to the next who asks, who drops it, instead of being loaded as far again in vain. One with
    // other vectors is of a namespace that was removed and made anew.
    private static bool IsToReplace(LoadedShard shard, NamespaceInfo ns) => shard is { IsBroken: true, NoRoom: null } || !shard.Namespace.Settings.HasVectorsOf(ns.Settings);

    /// <summary>The shards of a partition, of whose changes some were missed, are loaded anew when they are asked for.</summary>
    public void Distrust(Sequence missed)
    {
        foreach (var shard in InMemory)
        {
            if (shard.Namespace.Partition == missed.Partition)
            {
                shard.Distrust();
            }
        }
    }

    /// <inheritdoc cref="IShardEngine.Highlight"/>
    public IReadOnlyList<Highlight> Highlight(NamespaceInfo ns, MemoryRecord record, IReadOnlyList<string> terms) =>
        engine.Highlight(ns.Settings.Language, record, terms);

    /// <summary>Makes a shard of its own, outside the directory; the caller disposes it.</summary>
    public IShard CreateApart(NamespaceInfo ns) => engine.Create(ns);

    /// <summary>Drops the namespace's shard of this model; it is loaded again when asked for.</summary>
    public Task DropAsync(NamespaceInfo ns, int number = 0, EvictionReason reason = EvictionReason.Requested) => DropAsync(ShardKey.Of(ns, number), reason);

    /// <summary>Drops a shard that another node has, so that nobody asks for this one.</summary>
    public Task ForgoAsync(ShardAddress address) => DropAsync(ShardKey.Of(address), EvictionReason.Requested, isWanted: false);

    /// <summary>Shards that lack vectors are loaded anew when they are asked for, some time after they were loaded: the model that was away may answer by now.</summary>
    public void DistrustIncomplete()
    {
        foreach (var shard in Loaded)
        {
            if (shard is { Missing: > 0, IsBroken: false } && shard.Age > MissingPatience)
            {
                shard.Distrust();
            }
        }
    }

    /// <summary>Drops the shards unused for longest until the rest is within the limit; those in use stay. One that thinned out is renewed.</summary>
    /// <param name="areElsewhere">Nodes are asked: those here, from a time when none could be, go as soon as nobody uses them.</param>
    public async Task DropColdAsync(bool areElsewhere = false)
    {
        DistrustIncomplete();
        // Without a renewal, which takes more for a while only.
        var size = LoadedBytes;
        var shards = Loaded.Select(static shard => (Shard: shard, shard.Idle)).OrderByDescending(static held => held.Idle).ToArray();

        // The last that is written is the least.
        var leastIdle = new Dictionary<(long, int), TimeSpan>(shards.Length);
        foreach (var (shard, idle) in shards)
        {
            leastIdle[(shard.Namespace.Id, shard.Span.Number)] = idle;
        }

        foreach (var (shard, idle) in shards)
        {
            var isUnused = shard.Idle >= Afterlife && !shard.IsSearching;
            var isLeftBehind = isUnused && leastIdle[(shard.Namespace.Id, shard.Span.Number)] < idle;
            if ((areElsewhere && isUnused) || isLeftBehind || shard.IsBroken || (size > options.ShardLimitBytes && shard.Idle >= options.ShardIdle && !shard.IsSearching))
            {
                size -= shard.Shard.SizeInMemory;
                await DropAsync(shard, EvictionReason.Cold).ConfigureAwait(false);
            }
        }

        if (!areElsewhere)
        {
            BeginRenewal();
        }
    }

    /// <summary>Drops shards that no longer follow the log: what is forgotten must not stay in them until somebody searches.</summary>
    public async Task DropBrokenAsync()
    {
        foreach (var shard in Loaded)
        {
            if (shard is { IsBroken: true, IsSearching: false })
            {
                await DropBrokenAsync(shard).ConfigureAwait(false);
            }
        }

        if (_renewal is { New.IsBroken: true } renewal)
        {
            await DropBrokenAsync(renewal.New).ConfigureAwait(false);
        }
    }

    private Task DropBrokenAsync(LoadedShard shard) =>
        _renewal is { } renewal && renewal.New == shard ? EndAsync(renewal) : DropAsync(shard, EvictionReason.Cold);

    /// <summary>Drops every shard, or those of one namespace; they are loaded again when asked for.</summary>
    /// <returns>Those that it dropped.</returns>
    /// <param name="reason">Invalidated: the namespace is no more.</param>
    public async Task<IReadOnlyList<ShardAddress>> EvictAsync(long? namespaceId, EvictionReason reason = EvictionReason.Requested)
    {
        var held = Loaded.Where(shard => namespaceId is null || shard.Namespace.Id == namespaceId).ToArray();
        // Whichever has the place by then: the one that was renewed, too.
        await Task.WhenAll(held.Select(shard => DropAsync(ShardKey.Of(shard), reason))).ConfigureAwait(false);
        return Array.ConvertAll(held, static shard => ShardAddress.Of(shard.Namespace, shard.Span.Number));
    }

    public async ValueTask DisposeAsync()
    {
        lock (_opening)
        {
            _isClosed = true;
        }

        if (_renewal is { } renewal)
        {
            await EndAsync(renewal).ConfigureAwait(false);
        }

        // What went wrong in it does not keep the others from being given back.
        await Renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var shard in Loaded)
        {
            await shard.DisposeAsync().ConfigureAwait(false);
        }

        await AllLeftAsync().ConfigureAwait(false);
        _shards.Clear();
    }

    private Task DropAsync(LoadedShard shard, EvictionReason reason) => DropAsync(ShardKey.Of(shard), reason, only: shard);

    private const string LoadedAnew = "loaded anew";

    // As docs/api.md lists them. A removed namespace has nothing that could be asked for again.
    private static string? WhyOf(LoadedShard shard, EvictionReason reason) =>
        reason == EvictionReason.Invalidated ? null
        : shard.NoRoom is not null ? "no room"
        : shard.IsBroken ? LoadedAnew
        : reason == EvictionReason.Requested ? "requested" : "cold";

    /// <param name="only">Null: whichever is there.</param>
    private async Task DropAsync(ShardKey key, EvictionReason reason, LoadedShard? only = null, bool isWanted = true)
    {
        LoadedShard? shard, renewed;
        lock (_opening)
        {
            if (!_shards.TryGetValue(key, out shard) || (only is not null && shard != only))
            {
                return;
            }

            _leaving[shard] = 0;
            _shards.TryRemove(key, out _);
            renewed = TakeRenewalOf(shard);
        }

        if (shard.NoRoom is { } error)
        {
            _refused[key] = (error, clock.GetTimestamp(), tail.Seen[shard.Namespace.Partition]);
        }

        shard.Eviction = isWanted && WhyOf(shard, reason) is { } why ? new ShardEviction(why, shard.Idle) : null;
        meter.Evict(reason);
        await Task.WhenAll(LeaveAsync(shard), renewed?.DisposeAsync().AsTask() ?? Task.CompletedTask).ConfigureAwait(false);
    }
}
