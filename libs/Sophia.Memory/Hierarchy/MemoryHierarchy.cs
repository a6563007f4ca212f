using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Memory.Caching;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Sessions;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;
using Sophia.Memory.Writing;

namespace Sophia.Memory.Hierarchy;

/// <summary>
/// The memory: one hierarchy over the tiers. Reads go near copy → L1 → L3, writes go to the log and are answered when
/// they are durable, searches go to L0; everything else follows the log.
/// </summary>
public sealed partial class MemoryHierarchy : IAsyncDisposable
{
    private readonly IRecordStore _store;
    private readonly ILogger _logger;
    private readonly ILoggerFactory _loggers;
    private readonly TierMeters _meters;
    private readonly IShardEngine _engine;
    private readonly bool _isReader;
    private readonly NamespaceDirectory _namespaces;
    private readonly NearCache _near;
    private readonly SharedTier _shared;
    private readonly LogTail _tail;
    private readonly Committer _committer;
    private readonly ShardDirectory _shards;
    private readonly FrequencySketch _sketch;
    private readonly Promotions _promotions;
    private readonly Housekeeping _housekeeping;
    private int _disposed;
    private readonly ConcurrentDictionary<NearKey, Flight> _flights = new(NearKey.Comparer.Instance);
    private readonly UnsharedWrites _unshared = new();
    private readonly ConcurrentDictionary<RecordId, NearKey> _forgetting = new();
    private readonly IShardCluster? _cluster;

    /// <param name="shared">The shared part of L1; null: the near copy is all of L1.</param>
    /// <param name="embedder">Makes vectors of text; null: new namespaces have none unless the caller brings them.</param>
    /// <param name="models">Where there are several models; the embedder is then not looked at.</param>
    /// <param name="cluster">Where shards are searched; null, or without a node: in this process.</param>
    /// <param name="isReader">True for a process that has a memory of its own beside it and only asks: nothing is cleaned up but shards here that nobody needs, no change of model made, nothing counted.</param>
    /// <exception cref="ArgumentException">An option cannot be; the message says how to fix it.</exception>
    public MemoryHierarchy(
        IRecordStore store, ISharedCache? shared, IShardEngine shards, IEmbeddingGenerator<string, Embedding<float>>? embedder,
        MemoryOptions options, TimeProvider clock, ILoggerFactory? loggers = null, ModelCatalog? models = null, IShardCluster? cluster = null, bool isReader = false)
    {
        if (options.Validate() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        (_store, Models, Options, Clock, _cluster) = (store, models ?? ModelCatalog.Of(embedder), options, clock, cluster);
        (_isReader, _engine, _meters) = (isReader, shards, new TierMeters(isReader ? TierMeters.SecondName : TierMeters.SourceName));
        _loggers = loggers ?? NullLoggerFactory.Instance;
        _logger = _loggers.CreateLogger("Sophia.Memory");
        _namespaces = new NamespaceDirectory(store, clock);
        _near = new NearCache(options.NearCapacity, options.NearLimitBytes, _meters.L1);
        _shared = new SharedTier(shared, options, clock, _logger);
        _tail = new LogTail(store, options, clock, _logger);
        _tail.Observed += ObserveAsync;
        _committer = new Committer(store, _tail, options, _meters.L3, _logger);
        _committer.Unshown += Withdraw;
        _committer.Unread += WithdrawPartition;
        _tail.Trimmed += WithdrawPartition;
        var vectors = new VectorCompletion(Models, store, clock, _logger);
        _shards = new ShardDirectory(shards, _tail, store, vectors, options, _meters.L0, clock, _logger, mostBytes: options.MostShardBytes());
        Changes = new ModelChanges(Models, store, _namespaces, _shards, _tail, vectors, clock, _logger, cluster);
        _sketch = new FrequencySketch(options.NearCapacity);
        _promotions = new Promotions(_shared, _meters.L1);
        _housekeeping = new Housekeeping(store, CommitAsync, _shards, options, clock, _logger)
        {
            MirroredUpTo = ns => Archive?.HasUpTo(ns), SearchesElsewhere = () => cluster is { Nodes.Count: > 0 },
        };
        Sessions = new SessionMemory(this, store, _namespaces);
        DefaultSettings = Models.Standard is { } standard
            ? new NamespaceSettings { VectorSource = VectorSource.Embedder, VectorModel = standard.Identity, Dimensions = standard.Dimensions }
            : new NamespaceSettings { VectorSource = VectorSource.None };
        if (shared is not null)
        {
            shared.LogGrew += _ => _tail.Wake();
        }

        MeasureCursors();
    }

    public MemoryOptions Options { get; }

    public TimeProvider Clock { get; }

    public SessionMemory Sessions { get; }

    /// <summary>Changes of namespaces from one model to another.</summary>
    public ModelChanges Changes { get; }

    /// <summary>The models that make vectors here.</summary>
    public ModelCatalog Models { get; }

    /// <summary>What a namespace is when its first write makes it.</summary>
    public NamespaceSettings DefaultSettings { get; }

    internal IRecordStore Store => _store;

    /// <summary>A namespace of the service's own, made when it is missing.</summary>
    internal ValueTask<NamespaceInfo> ReserveNamespaceAsync(string tenant, string name, NamespaceSettings settings, CancellationToken cancellationToken) =>
        _namespaces.EnsureAsync(tenant, name, settings, cancellationToken);

    /// <summary>Opens the store, migrating it if need be, and starts to follow the log.</summary>
    /// <exception cref="StoreInUseException">Another process has the data directory.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _store.OpenAsync(cancellationToken).ConfigureAwait(false);
        await _tail.StartAsync(cancellationToken).ConfigureAwait(false);
        await _shared.StartAsync().ConfigureAwait(false);
        _housekeeping.Start(_isReader);
        if (!_isReader)
        {
            Changes.Start();
        }
    }

    /// <summary>Commits what waits, stops following the log and closes the store.</summary>
    public async ValueTask DisposeAsync()
    {
        // A host disposes its singletons again after a stop that has done so.
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await Changes.DisposeAsync().ConfigureAwait(false);
        await _housekeeping.DisposeAsync().ConfigureAwait(false);
        await _committer.DisposeAsync().ConfigureAwait(false);
        await _shards.DisposeAsync().ConfigureAwait(false);
        await _tail.DisposeAsync().ConfigureAwait(false);
        await _promotions.DisposeAsync().ConfigureAwait(false);
        await _shared.DisposeAsync().ConfigureAwait(false);
        await _store.DisposeAsync().ConfigureAwait(false);
        _meters.Dispose();
    }

    internal RecordId IdOf(NamespaceInfo ns, string key) => RecordId.Of(_store.Secret.Span, ns.Id, key);

    /// <param name="Cursor">Where the partition's cursor stood before the store was asked.</param>
    /// <param name="Epoch">The shared cache's, likewise.</param>
    private sealed record Flight(Task<MemoryRecord?> Landing, RecordId Id, int Partition, long Cursor, string? Epoch);

    // No copy may be served that is older than these; newer ones may, but they are not told apart here.
    private void Withdraw(IReadOnlyList<LogEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (entry.Key is { } key || (_forgetting.TryGetValue(entry.Id, out var forgetting) && (key = forgetting.Key) is not null))
            {
                _flights.TryRemove(new NearKey(entry.NamespaceId, key), out _);
                _near.Invalidate(entry.NamespaceId, key, entry.Sequence);
            }
            else
            {
                WithdrawPartition(entry.Sequence);
            }
        }
    }

    private void WithdrawPartition(Sequence missed)
    {
        foreach (var (key, flight) in _flights)
        {
            if (flight.Partition == missed.Partition)
            {
                _flights.TryRemove(key, out _);
            }
        }

        _near.Withdraw(missed);
        _shards.Distrust(missed);
    }

    // Runs before the cursor passes the entries, so that no cache holds an older value once a caller can know of a newer.
    private async ValueTask ObserveAsync(IReadOnlyList<LogEntry> entries, bool foreign)
    {
        Changed?.Invoke(entries);
        Dictionary<RecordId, Sequence>? forgotten = null;
        foreach (var entry in entries)
        {
            var key = entry.Record?.Key ?? entry.Key;
            if (key is not null)
            {
                _flights.TryRemove(new NearKey(entry.NamespaceId, key), out _);
                if (entry is { Kind: ChangeKind.Put, Record: { } record } && !foreign)
                {
                    _near.Set(record, isWanted: _sketch.Estimate(NearKey.Comparer.Instance.GetHashCode(new NearKey(record.NamespaceId, record.Key))) > 0);
                }
                else
                {
                    _near.Invalidate(entry.NamespaceId, key, entry.Sequence);
                }
            }
            else if (_forgetting.TryGetValue(entry.Id, out var forgetting))
            {
                _flights.TryRemove(forgetting, out _);
                _near.Invalidate(forgetting.NamespaceId, forgetting.Key, entry.Sequence);
            }
            else
            {
                (forgotten ??= [])[entry.Id] = entry.Sequence;
            }
        }

        if (forgotten is not null)
        {
            foreach (var (key, flight) in _flights)
            {
                if (forgotten.ContainsKey(flight.Id))
                {
                    _flights.TryRemove(key, out _);
                }
            }

            _near.Invalidate(forgotten);
        }

        if (_shared.IsConfigured)
        {
            // Writers tell the shared cache of their own changes; erasures, some of which the clean-up makes and nobody tells of, are told of here.
            var unshared = entries.Where(entry => foreign || entry.Kind is ChangeKind.Forget or ChangeKind.Expire);
            await _shared.RemoveIfOlderAsync([.. unshared.Select(entry => (entry.Id, entry.Sequence))]).ConfigureAwait(false);
        }
    }
}
