using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Search.Cluster;

public sealed partial class ShardHost
{
    /// <summary>A shard as its user holds it: loaded again by itself when it broke.</summary>
    [SuppressMessage("Design", "CA1034:Nested types should not be visible", Justification = "It is the host's, and made by it alone.")]
    public sealed class OpenShard
    {
        private readonly ShardHost _host;
        private readonly int _number;

        // Looked up anew where it has other vectors by now. Its address stays what it is.
        private volatile NamespaceInfo _ns;

        internal OpenShard(ShardHost host, NamespaceInfo ns, int number) => (_host, _ns, _number) = (host, ns, number);

        internal NamespaceInfo Namespace => _ns;

        /// <summary>It is not in memory, or nobody has asked for it of late.</summary>
        public bool IsCold => _host._shards.Find(_ns, _number) is not { } shard || (shard.Idle >= _host._idle && !shard.IsSearching);

        /// <summary>Waits for the shard to be whole and for the change, as long as it is in memory.</summary>
        /// <returns>The last change that it has seen; the highest number where it is not in memory.</returns>
        public async Task<long> ReachAsync(long number, TimeSpan timeout, CancellationToken cancellationToken)
        {
            if (_host._shards.Find(_ns, _number) is not { IsBroken: false } shard)
            {
                return long.MaxValue;
            }

            _host._tail.Wake();
            await shard.ReachAsync(number, timeout, cancellationToken).ConfigureAwait(false);
            return shard.Seen;
        }

        /// <summary>Waits until it is loaded.</summary>
        /// <returns>True when the namespace has a shard behind it.</returns>
        /// <exception cref="RefusedException">shard-no-room and others: it cannot be loaded.</exception>
        /// <exception cref="StoreUnavailableException">It could not be read.</exception>
        public async Task<bool> WarmAsync(CancellationToken cancellationToken)
        {
            await _host.PrepareAsync(ShardAddress.Of(_ns, _number), cancellationToken).ConfigureAwait(false);
            return _host._shards.Find(_ns, _number)?.Span.HasNext ?? false;
        }

        internal LoadedShard Begin() => _host._shards.Open(_ns, out _, _number);

        /// <summary>
        /// True when nobody has asked for long and its namespace has another language, model or kind of vectors by now, so that nobody will: such a
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
            return now is null || now.Settings.Language != _ns.Settings.Language || !now.Settings.HasVectorsOf(_ns.Settings);
        }

        /// <summary>It is served here no longer: it goes from memory when nobody else here serves it.</summary>
        /// <param name="staysAWhile">It may be served here again at once: it goes when it was not for some minutes.</param>
        public Task ReleaseAsync(bool staysAWhile = false)
        {
            var address = ShardAddress.Of(_ns, _number);
            return _host._served.AddOrUpdate(address, 0, static (_, users) => users - 1) == 0 &&
                _host._served.TryRemove(new KeyValuePair<ShardAddress, int>(address, 0)) && !staysAWhile
                ? _host._shards.DropAsync(_ns, _number) : Task.CompletedTask;
        }

        public async ValueTask<ShardReply> SearchAsync(ShardCall call, CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(call);
            var started = _host._clock.GetTimestamp();
            while (true)
            {
                // While the host is disposed the shards that have been stopped still stand in the directory.
                ObjectDisposedException.ThrowIf(_host.IsClosed, _host);
                cancellationToken.ThrowIfCancellationRequested();
                if (await RefusedAsync().ConfigureAwait(false) is { } refused)
                {
                    return refused;
                }

                if (await TakesAsync((call.Query ?? call.Part?.Query)?.Vector, cancellationToken).ConfigureAwait(false) is not { } ns)
                {
                    return new ShardReply(ShardOutcome.Failed, null, 0, 0) { Reason = "its namespace has vectors of another length than the query's", IsFinal = true };
                }

                var shard = _host._shards.Open(ns, out var isLoaded, _number);
                if (!isLoaded && await WaitAsync(shard, call.IsLeftOutWhileLoading ? TimeSpan.Zero : Left(started, call.Timeout), cancellationToken).ConfigureAwait(false) is { } not)
                {
                    return not;
                }

                if (shard.Seen < Math.Max(call.Required, call.Known))
                {
                    _host._tail.Wake();
                    if (call.Required > 0 && !await shard.ReachAsync(call.Required, Left(started, call.Timeout), cancellationToken).ConfigureAwait(false) && !shard.IsOver)
                    {
                        return new ShardReply(ShardOutcome.Behind, null, shard.Seen, shard.Shard.Count);
                    }

                    await shard.ReachAsync(call.Known, KnownPatience, cancellationToken).ConfigureAwait(false);
                }

                var seen = shard.Seen;
                if (shard.IsBroken || shard.IsOver)
                {
                    // It came so far over a gap in the log, or not at all, or went meanwhile.
                    continue;
                }

                var begun = Stopwatch.GetTimestamp();
                var reply = new ShardReply(ShardOutcome.Found, null, seen, shard.Shard.Count);
                reply = call.Part is { } part
                    ? reply with { Part = await shard.AskAsync(part, cancellationToken).ConfigureAwait(false) }
                    : reply with { Answer = await shard.SearchAsync(call.Query!, cancellationToken).ConfigureAwait(false) };
                if (reply.Part is not null || reply.Answer is not null)
                {
                    _host._meters.L0.Hit(Stopwatch.GetTimestamp() - begun);

                    // After the search, and in this order: what went meanwhile is told, and where it went to.
                    return reply with
                    {
                        LastMove = shard.LastMove, End = shard.Span.End?.Number, Shards = shard.Span.Known, WithoutVector = shard.Missing,
                        LogLag = seen < call.Known && !_host._tail.IsFresh ? _host._tail.Lag : TimeSpan.Zero,
                    };
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
                return new ShardReply(ShardOutcome.Loading, null, 0, shard.Shard.Count) { Shards = await ShardsAsync(shard, cancellationToken).ConfigureAwait(false) };
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && Volatile.Read(ref _host._disposed) == 0)
            {
                return null;
            }
            catch (NoRoomException)
            {
                return await RefusedAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (error is StoreUnavailableException or RefusedException)
            {
                return new ShardReply(ShardOutcome.Failed, null, 0, 0) { Reason = error.Message };
            }
        }

        // The others are asked beside it then, instead of one after another.
        private static async ValueTask<int> ShardsAsync(LoadedShard shard, CancellationToken cancellationToken)
        {
            try
            {
                return await shard.Span.CountAsync(cancellationToken).AsTask().WaitAsync(KnownPatience, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is StoreUnavailableException or TimeoutException)
            {
                return shard.Span.Known;
            }
        }

        // With a model the address says which vectors there are. Without one, a namespace that was removed and made anew may have others, and
        // who removed it may not have reached this node. The shard of before is replaced when it is opened with what the namespace is now.
        /// <returns>The namespace whose shard takes the vector, for which it is to be opened: others may look it up meanwhile. Null: its vectors have another length.</returns>
        private async ValueTask<NamespaceInfo?> TakesAsync(float[]? vector, CancellationToken cancellationToken)
        {
            var ns = _ns;
            if (ns.Settings.VectorModel is null &&
                (HasAnotherLength() || _host._shards.Find(ns, _number) is { } held && !held.Namespace.Settings.HasVectorsOf(ns.Settings)))
            {
                _ns = ns = await _host.LookUpAsync(ShardAddress.Of(ns, _number), cancellationToken).ConfigureAwait(false);
            }

            return HasAnotherLength() ? null : ns;

            bool HasAnotherLength() => vector is not null && vector.Length != ns.Settings.Dimensions;
        }

        private async ValueTask<ShardReply?> RefusedAsync() =>
            await _host._shards.RefusedAsync(_ns, _number).ConfigureAwait(false) is { } error
                ? new ShardReply(ShardOutcome.NoRoom, null, 0, 0) { Reason = error.Message, Bytes = error.Bytes, RetryAfter = error.RetryAfter } : null;

        private TimeSpan Left(long started, TimeSpan timeout)
        {
            var left = timeout - _host._clock.GetElapsedTime(started);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }
}
