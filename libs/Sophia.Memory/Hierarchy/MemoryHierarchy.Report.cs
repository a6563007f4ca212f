using System.Diagnostics.Metrics;
using Sophia.Memory.Log;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    private static readonly TimeSpan HealthPatience = TimeSpan.FromSeconds(2);

    /// <summary>L2, which is built on this memory; null until it is.</summary>
    internal Func<TierReport>? ReportModels { get; set; }

    internal TierMeters Meters => _meters;

    /// <summary>Every tier at this moment. A tier that is down is a state in the report, never an exception.</summary>
    public async Task<TiersReport> ReportAsync(CancellationToken cancellationToken)
    {
        var entries = 0L;
        for (var partition = 0; partition < Sequence.Partitions; partition++)
        {
            entries += _tail.Seen[partition];
        }

        var l3 = await ReportStoreAsync(cancellationToken).ConfigureAwait(false);
        var l1 = await ReportCacheAsync(l3.State, cancellationToken).ConfigureAwait(false);
        IEnumerable<TierReport> l2 = ReportModels is { } models ? [models()] : [];
        return new TiersReport([ReportShards(), l1, .. l2, l3], _tail.Lag, entries, IsReady: l3.State != TierState.Down);
    }

    /// <summary>Drops what L0 (its nodes' shards too) or the near copy holds, all of it or of one namespace; it comes back by use.</summary>
    /// <param name="tag">Of the near copy: only what has it. Shards are dropped whole.</param>
    /// <returns>How many near copies and shards were dropped.</returns>
    public async Task<(int Near, int Shards)> EvictAsync(Tier tier, long? namespaceId, string? tag) => tier switch
    {
        Tier.L1 => (_near.Evict(namespaceId, tag), 0),
        Tier.L0 => (0, (await _shards.EvictAsync(namespaceId).ConfigureAwait(false)).Count + await EvictElsewhereAsync(namespaceId).ConfigureAwait(false)),
        _ => throw new RefusedException("invalid-request", $"Tier {tier} is durable or not there; nothing can be evicted from it.", "Evict from L0 or L1."),
    };

    private TierReport ReportShards()
    {
        if (_cluster is { } cluster)
        {
            var nodes = cluster.Nodes;
            var used = nodes.Sum(static node => node.UsedBytes);
            var isKnown = nodes.Count > 0;
            // A node without a limit has all the room there could be.
            var limit = isKnown && nodes.All(static node => node.RoomBytes < long.MaxValue / 2) ? used + nodes.Sum(static node => node.RoomBytes) : (long?)null;
            return Report(
                _meters.L0, cluster.Engine, cluster.State == TierState.Healthy ? StateOf(_held?.Behind ?? 0) : cluster.State, cluster.Reason ?? ReasonOf(_held?.Behind ?? 0),
                isKnown ? used : null, limit);
        }

        return Report(_meters.L0, _shards.Engine, StateOf(_shards.Behind), ReasonOf(_shards.Behind), _shards.SizeInMemory, Options.ShardLimitBytes);

        static TierState StateOf(long behind) => behind > 10_000 ? TierState.Degraded : TierState.Healthy;

        static string? ReasonOf(long behind) => StateOf(behind) == TierState.Healthy ? null : $"The slowest shard is {behind:N0} changes behind the log.";
    }

    private async Task<TierReport> ReportCacheAsync(TierState store, CancellationToken cancellationToken)
    {
        var engine = _shared.Engine is { } name ? $"near copy + {name}" : "near copy";
        var (state, reason) = (TierState.Healthy, (string?)null);
        if (_shared.IsConfigured && !_shared.IsUsable)
        {
            (state, reason) = (TierState.Degraded, $"The shared cache is left out: {_shared.Reason}");
        }
        else if (!_tail.IsFresh)
        {
            (state, reason) = (TierState.Degraded, $"The log was last read {_tail.Lag.TotalSeconds:N1} s ago; near copies are served only as stale.");
        }

        var (used, limit) = (_near.Bytes, _near.LimitBytes);
        if (_shared.IsUsable && store != TierState.Down)
        {
            try
            {
                var size = await _shared.Cache!.SizeAsync(cancellationToken).WaitAsync(Options.SharedTimeout, Clock, cancellationToken).ConfigureAwait(false);
                (used, limit) = (used + (size?.UsedBytes ?? 0), limit + (size?.LimitBytes ?? 0));
            }
            catch (Exception error) when (error is Caching.CacheUnavailableException or TimeoutException)
            {
                (state, reason) = (TierState.Degraded, $"The shared cache did not say its size: {error.Message}");
            }
        }

        return Report(_meters.L1, engine, state, reason, used, limit);
    }

    private async Task<TierReport> ReportStoreAsync(CancellationToken cancellationToken)
    {
        var (state, reason, size) = (TierState.Healthy, (string?)null, (long?)null);
        try
        {
            await _store.PingAsync(cancellationToken).WaitAsync(HealthPatience, Clock, cancellationToken).ConfigureAwait(false);
            size = await _store.SizeAsync(cancellationToken).WaitAsync(HealthPatience, Clock, cancellationToken).ConfigureAwait(false);
            if (_committer.LastFailure is { } failure)
            {
                (state, reason) = (TierState.Degraded, $"The last write was not committed: {failure}");
            }
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreFullException or TimeoutException)
        {
            (state, reason) = (TierState.Down, error.Message);
        }

        return Report(_meters.L3, _store.Engine, state, reason, size, null);
    }

    internal static TierReport Report(TierMeter meter, string engine, TierState state, string? reason, long? used, long? limit) => new(
        meter.Tier, meter.Name, engine, state, reason, meter.Budget, meter.Hits, meter.Misses, meter.Promotions, meter.Evictions,
        meter.Errors, used, limit, meter.Latency);

    private void MeasureCursors()
    {
        var meter = _meters.Meter;
        meter.CreateObservableGauge("sophia.log.lag", () => _tail.Lag.TotalSeconds, "s", "Time since the log was last known to be read to its end.");
        meter.CreateObservableGauge("sophia.shard.behind", () => Math.Max(_shards.Behind, _held?.Behind ?? 0), "{change}", "Changes that the slowest shard has still to take in.");
        meter.CreateObservableGauge("sophia.write.waiting", () => _committer.Waiting, "{operation}", "Operations that wait for a commit.");
        meter.CreateObservableGauge(
            "sophia.tier.used", () => new Measurement<long>[] { new(_shards.SizeInMemory + (_held?.SizeInMemory ?? 0), new KeyValuePair<string, object?>("tier", "L0")), new(_near.Bytes, new KeyValuePair<string, object?>("tier", "L1")) },
            "By", "Bytes that the tier takes in this process.");
    }
}
