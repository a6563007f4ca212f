using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Search.Cluster;

/// <summary>
/// The shards of a node that serves nothing but shards: it opens the store, follows the log, loads what it is asked for and
/// searches it. It writes nothing but vectors that a model had not made yet.
/// </summary>
public sealed class ShardHost : IAsyncDisposable
{
    /// <summary>How long a search waits for a change that its caller knows of but did not ask for.</summary>
    private static readonly TimeSpan KnownPatience = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan UnservedPatience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LeftBehindPatience = TimeSpan.FromMinutes(5);
    private readonly IRecordStore _store;
    private readonly TimeProvider _clock;
    private readonly LogTail _tail;
    private readonly ShardDirectory _shards;
    private readonly TierMeters _meters = new();
    private readonly ConcurrentDictionary<ShardAddress, int> _served = new();
    private int _disposed;

    /// <param name="store">The host's from now on.</param>
    /// <param name="map">Where shards begin.</param>
    /// <param name="shardRecords">With so many records a shard is full.</param>
    public ShardHost(
        IRecordStore store, IShardMap map, long shardRecords, IShardEngine engine, ModelCatalog models, MemoryOptions options, TimeProvider clock, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var logger = loggers.CreateLogger("Sophia.Shards");
        (_store, _clock, Engine) = (store, clock, engine.Engine);
        _tail = new LogTail(store, options, clock, logger);
        _shards = new ShardDirectory(engine, _tail, store, new VectorCompletion(models, store, clock, logger), options, _meters.L0, clock, map, shardRecords);
        _tail.Trimmed += _shards.Distrust;
        _meters.Meter.CreateObservableGauge("sophia.shard.behind", () => _shards.Behind, "{change}", "Changes that the slowest shard has still to take in.");
        _meters.Meter.CreateObservableGauge("sophia.shard.bytes", () => _shards.SizeInMemory, "By", "Bytes of the shards that the node holds.");
        _meters.Meter.CreateObservableGauge("sophia.log.lag", () => _tail.Lag.TotalSeconds, "s", "Time since the log was last known to be read to its end.");
    }

    public string Engine { get; }

    /// <summary>Time since the log was last known to be read to its end.</summary>
    public TimeSpan LogLag => _tail.Lag;

    public long SizeInMemory => _shards.SizeInMemory;

    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _store.OpenAsync(cancellationToken).ConfigureAwait(false);
        await _tail.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Begins to load the shard if it is not there. It is served here until it is released.</summary>
    /// <exception cref="RefusedException">namespace-not-found.</exception>
    public async ValueTask<OpenShard> OpenAsync(ShardAddress address, CancellationToken cancellationToken)
    {
        var shard = await FindAsync(address, cancellationToken).ConfigureAwait(false);
        _served.AddOrUpdate(address, 1, static (_, users) => users + 1);
        shard.Begin();
        return shard;
    }

    /// <summary>Loads the shard, to be served here soon.</summary>
    /// <exception cref="RefusedException">namespace-not-found.</exception>
    /// <exception cref="StoreUnavailableException">It could not be read.</exception>
    public async Task PrepareAsync(ShardAddress address, CancellationToken cancellationToken)
    {
        var shard = await FindAsync(address, cancellationToken).ConfigureAwait(false);
        await shard.Begin().Ready.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Drops shards that were loaded to be served here and never were.</summary>
    public async Task DropUnservedAsync()
    {
        foreach (var shard in _shards.Loaded.Where(shard => shard.Idle > UnservedPatience && !_served.ContainsKey(ShardAddress.Of(shard.Namespace, shard.Span.Number))))
        {
            await _shards.DropAsync(shard.Namespace, shard.Span.Number).ConfigureAwait(false);
        }
    }

    private async ValueTask<OpenShard> FindAsync(ShardAddress address, CancellationToken cancellationToken)
    {
        var ns = await _store.FindNamespaceAsync(address.NamespaceId, cancellationToken).ConfigureAwait(false)
            ?? throw new RefusedException("namespace-not-found", $"There is no namespace {address.NamespaceId}.", "Search one that exists.");
        var settings = ns.Settings with { Language = address.Language, VectorModel = address.Model };
        if (address.Model != ns.Settings.VectorModel &&
            await _store.FindModelChangeAsync(ns.Id, cancellationToken).ConfigureAwait(false) is { } change)
        {
            settings = settings with { Dimensions = address.Model == change.To ? change.ToDimensions : change.FromDimensions };
        }

        return new OpenShard(this, ns with { Settings = settings }, address.Number);
    }

    public IReadOnlyList<HeldShard> Report() =>
        [.. _shards.Loaded.Select(shard => (Shard: shard, Address: ShardAddress.Of(shard.Namespace, shard.Span.Number))).Select(held => new HeldShard(
            held.Address.ToString(), held.Shard.Shard.Count, held.Shard.Shard.SizeInMemory,
            Math.Max(0, _tail.Seen[held.Shard.Namespace.Partition] - held.Shard.Seen), held.Shard.Ready.IsCompletedSuccessfully,
            _served.ContainsKey(held.Address)))];

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _shards.DisposeAsync().ConfigureAwait(false);
        await _tail.DisposeAsync().ConfigureAwait(false);
        await _store.DisposeAsync().ConfigureAwait(false);
        _meters.Dispose();
    }

    /// <summary>A shard as its user holds it: loaded again by itself when it broke.</summary>
    [SuppressMessage("Design", "CA1034:Nested types should not be visible", Justification = "It is the host's, and made by it alone.")]
    public sealed class OpenShard
    {
        private readonly ShardHost _host;
        private readonly NamespaceInfo _ns;
        private readonly int _number;

        internal OpenShard(ShardHost host, NamespaceInfo ns, int number) => (_host, _ns, _number) = (host, ns, number);

        internal LoadedShard Begin() => _host._shards.Open(_ns, out _, _number);

        /// <summary>
        /// True when nobody has asked for long and its namespace has another language or model by now, so that nobody will: such a
        /// shard must not stay for ever only because shards are not dropped for being idle.
        /// </summary>
        /// <exception cref="StoreUnavailableException">The namespace could not be looked up.</exception>
        public async ValueTask<bool> IsLeftBehindAsync(CancellationToken cancellationToken)
        {
            if (_host._shards.Find(_ns, _number) is { } shard && (shard.Idle < LeftBehindPatience || shard.IsSearching))
            {
                return false;
            }

            var now = await _host._store.FindNamespaceAsync(_ns.Id, cancellationToken).ConfigureAwait(false);
            return now is null || now.Settings.Language != _ns.Settings.Language || now.Settings.VectorModel != _ns.Settings.VectorModel;
        }

        /// <summary>It is served here no longer: it goes from memory when nobody else here serves it.</summary>
        public Task ReleaseAsync()
        {
            var address = ShardAddress.Of(_ns, _number);
            return _host._served.AddOrUpdate(address, 0, static (_, users) => users - 1) == 0 &&
                _host._served.TryRemove(new KeyValuePair<ShardAddress, int>(address, 0))
                ? _host._shards.DropAsync(_ns, _number) : Task.CompletedTask;
        }

        public async ValueTask<ShardReply> SearchAsync(ShardCall call, CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(call);
            var started = _host._clock.GetTimestamp();
            while (true)
            {
                var shard = _host._shards.Open(_ns, out var isLoaded, _number);
                if (!isLoaded && await WaitAsync(shard, Left(started, call.Timeout), cancellationToken).ConfigureAwait(false) is { } not)
                {
                    return not;
                }

                if (shard.Seen < Math.Max(call.Required, call.Known))
                {
                    _host._tail.Wake();
                    if (call.Required > 0 && !await shard.ReachAsync(call.Required, Left(started, call.Timeout), cancellationToken).ConfigureAwait(false))
                    {
                        return new ShardReply(ShardOutcome.Behind, null, shard.Seen, shard.Shard.Count);
                    }

                    await shard.ReachAsync(call.Known, KnownPatience, cancellationToken).ConfigureAwait(false);
                }

                var seen = shard.Seen;
                var begun = Stopwatch.GetTimestamp();
                var reply = new ShardReply(ShardOutcome.Found, null, seen, shard.Shard.Count) { HasNext = shard.Span.HasNext };
                reply = call.Part is { } part
                    ? reply with { Part = shard.Ask((part, cancellationToken), static (one, asked) => one.Ask(asked.part, asked.cancellationToken)) }
                    : reply with { Answer = await shard.Batcher.SearchAsync(call.Query!, cancellationToken).ConfigureAwait(false) };
                if (reply.Part is not null || reply.Answer is not null)
                {
                    _host._meters.L0.Hit(Stopwatch.GetTimestamp() - begun);
                    return reply;
                }
            }
        }

        // Null when it is loaded, or was dropped meanwhile and must be opened again.
        private async ValueTask<ShardReply?> WaitAsync(LoadedShard shard, TimeSpan patience, CancellationToken cancellationToken)
        {
            try
            {
                await shard.Ready.WaitAsync(patience, _host._clock, cancellationToken).ConfigureAwait(false);
                return null;
            }
            catch (TimeoutException)
            {
                return new ShardReply(ShardOutcome.Loading, null, 0, shard.Shard.Count);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && Volatile.Read(ref _host._disposed) == 0)
            {
                return null;
            }
            catch (Exception error) when (error is StoreUnavailableException or RefusedException)
            {
                return new ShardReply(ShardOutcome.Failed, null, 0, 0) { Reason = error.Message };
            }
        }

        private TimeSpan Left(long started, TimeSpan timeout)
        {
            var left = timeout - _host._clock.GetElapsedTime(started);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }
}
