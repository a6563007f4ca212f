using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Search.Cluster;

/// <summary>
/// The shards that a process holds for all who ask: it loads what it is asked for, follows the log and searches it. It writes
/// nothing but vectors that a model had not made yet. A node that serves nothing but shards has a store and a view of the log of
/// its own here; in a service they are those of its memory (<see cref="MemoryHierarchy.HoldShards"/>).
/// </summary>
public sealed partial class ShardHost : IAsyncDisposable
{
    /// <summary>How long a search waits for a change that its caller knows of but did not ask for.</summary>
    private static readonly TimeSpan KnownPatience = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan UnservedPatience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan LeftBehindPatience = TimeSpan.FromMinutes(5);
    private readonly IRecordStore _store;
    private readonly TimeProvider _clock;
    private readonly LogTail _tail;
    private readonly ShardDirectory _shards;
    private readonly TierMeters _meters;
    private readonly bool _isApart;
    private readonly ConcurrentDictionary<ShardAddress, int> _served = new();
    private readonly TimeSpan _idle;
    private int _disposed;

    /// <summary>The host of a process that serves nothing but shards.</summary>
    /// <param name="store">The host's from now on.</param>
    /// <param name="map">Where shards begin.</param>
    /// <param name="shardRecords">With so many records a shard is full.</param>
    /// <param name="mostBytes">What shards may take in memory.</param>
    public ShardHost(
        IRecordStore store, IShardMap map, long shardRecords, IShardEngine engine, ModelCatalog models, MemoryOptions options, TimeProvider clock, ILoggerFactory loggers,
        long mostBytes = long.MaxValue)
        : this(store, new LogTail(store, options, clock, LoggerOf(loggers)), map, shardRecords, engine, models, options, clock, loggers, mostBytes, new TierMeters(), null)
    {
        _isApart = true;
        _meters.Meter.CreateObservableGauge("sophia.shard.behind", () => Behind, "{change}", "Changes that the slowest shard has still to take in.");
        _meters.Meter.CreateObservableGauge("sophia.shard.bytes", () => SizeInMemory, "By", "Bytes of the shards that the node holds.");
        _meters.Meter.CreateObservableGauge("sophia.log.lag", () => LogLag.TotalSeconds, "s", "Time since the log was last known to be read to its end.");
    }

    /// <summary>Beside a memory, over its store and its view of the log, which stay the memory's.</summary>
    /// <param name="meters">Of the searches here, whoever asked.</param>
    /// <param name="shardMeter">What is loaded and dropped is counted there; null: with the searches.</param>
    internal ShardHost(
        IRecordStore store, LogTail tail, IShardMap map, long shardRecords, IShardEngine engine, ModelCatalog models, MemoryOptions options, TimeProvider clock,
        ILoggerFactory loggers, long mostBytes, TierMeters meters, TierMeter? shardMeter)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        (_store, _tail, _clock, _meters, Engine, MostBytes, _idle) = (store, tail, clock, meters, engine.Engine, mostBytes, options.ShardIdle);
        _shards = new ShardDirectory(engine, tail, store, new VectorCompletion(models, store, clock, LoggerOf(loggers)), options, shardMeter ?? meters.L0, clock, LoggerOf(loggers), map, shardRecords, mostBytes);
        _tail.Trimmed += _shards.Distrust;
    }

    public string Engine { get; }

    internal bool IsClosed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Time since the log was last known to be read to its end.</summary>
    public TimeSpan LogLag => _tail.Lag;

    /// <summary>Time since the log was last read, be it a page of what is behind: a host that has much to read is not one that cannot.</summary>
    public TimeSpan LogSilence => _tail.Silence;

    public long SizeInMemory => _shards.SizeInMemory;

    /// <inheritdoc cref="ShardDirectory.Renewing"/>
    internal Task Renewing => _shards.Renewing;

    /// <summary>Changes that the slowest shard has still to take in.</summary>
    internal long Behind => _shards.Behind;

    /// <summary>What shards may take in memory, in bytes.</summary>
    public long MostBytes { get; }

    /// <summary>Bytes that shards may still take; negative when they have grown beyond what they may.</summary>
    public long Room => _shards.Room;

    /// <summary>Opens the store and follows the log, where they are the host's own.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!_isApart)
        {
            return;
        }

        await _store.OpenAsync(cancellationToken).ConfigureAwait(false);
        await _tail.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Begins to load the shard if it is not there. It is served here until it is released.</summary>
    /// <exception cref="RefusedException">namespace-not-found.</exception>
    public async ValueTask<OpenShard> OpenAsync(ShardAddress address, CancellationToken cancellationToken)
    {
        var shard = await FindAsync(address, cancellationToken).ConfigureAwait(false);
        // Before it is in memory: what is prepared and served nowhere goes.
        Serve(address);
        try
        {
            shard.Begin();
            return shard;
        }
        catch
        {
            await shard.ReleaseAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Serves a shard that is in memory here, and loads none: one that was just evicted must not come back by being looked for.</summary>
    /// <returns>Null where it is not, or has gone meanwhile.</returns>
    /// <exception cref="RefusedException">namespace-not-found.</exception>
    public async ValueTask<OpenShard?> ServeAsync(ShardAddress address, CancellationToken cancellationToken)
    {
        if (!IsInMemory(address))
        {
            return null;
        }

        var shard = await FindAsync(address, cancellationToken).ConfigureAwait(false);
        Serve(address);
        if (IsInMemory(address))
        {
            return shard;
        }

        await shard.ReleaseAsync().ConfigureAwait(false);
        return null;
    }

    private void Serve(ShardAddress address) => _served.AddOrUpdate(address, 1, static (_, users) => users + 1);

    /// <summary>True for a shard that is loaded here, or being loaded, whether it is served here or not.</summary>
    public bool IsInMemory(ShardAddress address) => _shards.IsInMemory(address);

    /// <summary>Loads the shard, to be served here soon.</summary>
    /// <exception cref="RefusedException">namespace-not-found; shard-no-room.</exception>
    /// <exception cref="StoreUnavailableException">It could not be read.</exception>
    public async Task PrepareAsync(ShardAddress address, CancellationToken cancellationToken)
    {
        var shard = await FindAsync(address, cancellationToken).ConfigureAwait(false);
        try
        {
            await shard.Begin().Ready.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NoRoomException)
        {
            await _shards.DropAsync(shard.Namespace, address.Number).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Drops a shard that was prepared and shall not be served here, unless it is served here by now.</summary>
    public Task ForgoAsync(ShardAddress address) => _served.ContainsKey(address) ? Task.CompletedTask : _shards.ForgoAsync(address);

    /// <summary>Drops what is in memory of the namespace, whether it is served here or not; it is loaded again when asked for.</summary>
    /// <returns>The shards that went.</returns>
    public Task<IReadOnlyList<ShardAddress>> EvictAsync(long namespaceId) => _shards.EvictAsync(namespaceId);

    /// <inheritdoc cref="ShardDirectory.ReachAsync"/>
    public Task<IReadOnlyList<UnconfirmedCopy>> ReachAsync(long namespaceId, long number, TimeSpan timeout, CancellationToken cancellationToken)
    {
        _tail.Wake();
        return _shards.ReachAsync(namespaceId, number, timeout, cancellationToken);
    }

    /// <summary>Drops shards that are in memory and not served here for long, broken ones, and cold ones where shards take more than they may; begins to renew one that thinned out.</summary>
    /// <returns>Those that were served here and made room for others: nobody should go on to ask for them here.</returns>
    public async Task<IReadOnlyList<ShardAddress>> TidyAsync()
    {
        foreach (var shard in _shards.Loaded.Where(shard => shard.Ready.IsCompleted && shard.Idle > UnservedPatience && !_served.ContainsKey(ShardAddress.Of(shard.Namespace, shard.Span.Number))))
        {
            await _shards.DropAsync(shard.Namespace, shard.Span.Number, EvictionReason.Cold).ConfigureAwait(false);
        }

        _shards.DistrustIncomplete();
        await _shards.DropBrokenAsync().ConfigureAwait(false);
        await _shards.DropBeyondRoomAsync().ConfigureAwait(false);
        _shards.BeginRenewal();
        var displaced = new List<ShardAddress>();
        while (_shards.TryTakeDisplaced(out var shard))
        {
            displaced.Add(ShardAddress.Of(shard.Namespace, shard.Span.Number));
        }

        return displaced;
    }

    private async ValueTask<OpenShard> FindAsync(ShardAddress address, CancellationToken cancellationToken) =>
        new(this, await LookUpAsync(address, cancellationToken).ConfigureAwait(false), address.Number);

    private async ValueTask<NamespaceInfo> LookUpAsync(ShardAddress address, CancellationToken cancellationToken)
    {
        var ns = await _store.FindNamespaceAsync(address.NamespaceId, cancellationToken).ConfigureAwait(false)
            ?? throw new RefusedException("namespace-not-found", $"There is no namespace {address.NamespaceId}.", "Search one that exists.");
        var settings = ns.Settings with { Language = address.Language, VectorModel = address.Model };
        if (address.Model != ns.Settings.VectorModel &&
            await _store.FindModelChangeAsync(ns.Id, cancellationToken).ConfigureAwait(false) is { } change)
        {
            settings = settings with { Dimensions = address.Model == change.To ? change.ToDimensions : change.FromDimensions };
        }

        return ns with { Settings = settings };
    }

    public IReadOnlyList<HeldShard> Report() =>
        [.. _shards.Loaded.Select(shard => (Shard: shard, Address: ShardAddress.Of(shard.Namespace, shard.Span.Number))).Select(held => new HeldShard(
            held.Address.ToString(), held.Shard.Shard.Count, held.Shard.Shard.SizeInMemory,
            Math.Max(0, _tail.Seen[held.Shard.Namespace.Partition] - held.Shard.Seen), held.Shard.Ready.IsCompletedSuccessfully,
            _served.ContainsKey(held.Address))
        {
            Seen = held.Shard.Seen, First = held.Shard.Span.First.Number, End = held.Shard.Span.End?.Number, LoadedAt = held.Shard.OpenedAt,
        })];

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _tail.Trimmed -= _shards.Distrust;
        await _shards.DisposeAsync().ConfigureAwait(false);
        _meters.Dispose();
        if (_isApart)
        {
            await _tail.DisposeAsync().ConfigureAwait(false);
            await _store.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static ILogger LoggerOf(ILoggerFactory loggers) => loggers.CreateLogger("Sophia.Shards");
}
