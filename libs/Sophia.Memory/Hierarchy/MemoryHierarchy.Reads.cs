using System.Diagnostics;
using Sophia.Memory.Caching;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    [ThreadStatic]
    private static int t_hits;

    /// <summary>A hit in the near copy; on false, <see cref="GetAsync"/> looks further down.</summary>
    /// <remarks>
    /// Every hit is counted, one in 32 is timed: reading the clock twice would take longer than the hit.
    /// </remarks>
    /// <param name="minSequence">A change of the namespace's partition that the answer must not be older than; none to not ask.</param>
    public bool TryGetNear(NamespaceInfo ns, string key, Sequence minSequence, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out NearEntry? entry)
    {
        if ((++t_hits & 31) == 0)
        {
            return TryGetNearTimed(ns, key, minSequence, out entry);
        }

        if (!TryFindNear(ns, key, minSequence, out entry))
        {
            return false;
        }

        _meters.L1.Hit();
        return true;
    }

    private bool TryGetNearTimed(NamespaceInfo ns, string key, Sequence minSequence, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out NearEntry? entry)
    {
        var started = Stopwatch.GetTimestamp();
        if (!TryFindNear(ns, key, minSequence, out entry))
        {
            return false;
        }

        _meters.L1.Hit(Stopwatch.GetTimestamp() - started);
        return true;
    }

    /// <summary>The current record from the fastest tier that has it.</summary>
    /// <exception cref="StoreUnavailableException">L3 does not answer and nothing else may be served.</exception>
    /// <exception cref="SequenceNotReachedException">The log has not come to the sequence asked for.</exception>
    public async ValueTask<ReadAnswer> GetAsync(
        NamespaceInfo ns, string key, Sequence minSequence, Trail trail, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        if (TryGetNear(ns, key, minSequence, out var near))
        {
            trail.Add("near", started);
            trail.ServedBy = Tier.L1;
            return new ReadAnswer(near);
        }

        var cursor = _tail.Seen[ns.Partition];
        var id = IdOf(ns, key);
        if (_shared.IsUsable && _tail.IsFresh && _tail.Seen.Covers(minSequence) && !_unshared.Contains(HashOf(ns, key)))
        {
            var visited = Stopwatch.GetTimestamp();
            var shared = await _shared.GetAsync(id).ConfigureAwait(false);
            var ticks = Stopwatch.GetTimestamp() - visited;
            trail.Add("l1", visited);
            if (shared is not null && shared.Key == key && !shared.IsExpired(Clock.GetUtcNow()))
            {
                _meters.L1.Hit(ticks);
                trail.ServedBy = Tier.L1;
                return new ReadAnswer(SeenOften(key, ns) ? _near.Admit(shared, cursor) : new NearEntry(shared));
            }
        }

        _meters.L1.Miss(Stopwatch.GetTimestamp() - started);
        return await GetFromStoreAsync(ns, key, id, minSequence, cursor, trail, cancellationToken).ConfigureAwait(false);
    }

    private bool TryFindNear(NamespaceInfo ns, string key, Sequence minSequence, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out NearEntry? entry)
    {
        // The cursor before the copy: one that is found first may be withdrawn before the cursor is seen to have come so far.
        var isCovered = _tail.Seen.Covers(minSequence);
        return _near.TryGet(ns.Id, key, out entry) && entry is not null &&
            (entry.Expiry == DateTimeOffset.MaxValue || entry.Expiry > Clock.GetUtcNow()) &&
            _tail.IsFresh &&
            (isCovered || entry.Number >= minSequence.Number);
    }

    private async ValueTask<ReadAnswer> GetFromStoreAsync(
        NamespaceInfo ns, string key, RecordId id, Sequence minSequence, long cursor, Trail trail, CancellationToken cancellationToken)
    {
        using var activity = TierMeters.Activities.StartActivity("l3.get");
        var started = Stopwatch.GetTimestamp();
        MemoryRecord? record;
        var epoch = _shared.Epoch;
        try
        {
            // A flight that began before the change asked for could bring an older value, so such a read flies alone.
            var flight = minSequence.IsNone ? Join(ns, key, id, cursor, epoch) : new Flight(ReadAsync(ns, key), id, ns.Partition, cursor, epoch);
            (cursor, epoch) = (Math.Min(cursor, flight.Cursor), flight.Epoch);
            record = await WaitAsync(flight.Landing, ns, key, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is StoreUnavailableException or TimeoutException)
        {
            _meters.L3.Fail();
            if (await FindStaleAsync(ns, key, id, minSequence).ConfigureAwait(false) is { } stale)
            {
                trail.Add("l1", started);
                trail.ServedBy = Tier.L1;
                trail.IsStale = true;
                return new ReadAnswer(stale);
            }

            throw error as StoreUnavailableException ?? new StoreUnavailableException("L3 did not answer in time.", error);
        }

        var isLive = record is not null && !record.IsExpired(Clock.GetUtcNow());
        VisitedStore(trail, started, isLive);
        if (!minSequence.IsNone && (record is null || record.Sequence.Number < minSequence.Number))
        {
            await RequireLogAsync(minSequence, cancellationToken).ConfigureAwait(false);
        }

        if (!isLive)
        {
            if (record is not null)
            {
                _near.Expire(record);
            }

            return default;
        }

        if (!SeenOften(key, ns))
        {
            return new ReadAnswer(new NearEntry(record!));
        }

        var entry = _near.Admit(record!, cursor, out var isCurrent);
        if (isCurrent)
        {
            _promotions.Offer(record!, epoch);
        }

        return new ReadAnswer(entry);
    }

    // Admission: the second sighting within the decay window of the sketch.
    private bool SeenOften(string key, NamespaceInfo ns) =>
        _sketch.Increment(HashOf(ns, key)) >= 2;

    private static int HashOf(NamespaceInfo ns, string key) => NearKey.Comparer.Instance.GetHashCode(new NearKey(ns.Id, key));

    private async ValueTask<NearEntry?> FindStaleAsync(NamespaceInfo ns, string key, RecordId id, Sequence minSequence)
    {
        if (_store.IsShared && _tail.Lag > Options.FailSafe)
        {
            return null;
        }

        var record = _near.TryGet(ns.Id, key, out var near) ? near!.Record : await _shared.GetAsync(id).ConfigureAwait(false);
        var allowed = record is not null && record.Key == key && !record.IsExpired(Clock.GetUtcNow()) &&
            (minSequence.IsNone || record.Sequence.Number >= minSequence.Number);
        return allowed ? near ?? new NearEntry(record!) : null;
    }

    private async Task RequireLogAsync(Sequence sequence, CancellationToken cancellationToken)
    {
        if (!_tail.Seen.Covers(sequence))
        {
            var log = await _store.ReadWatermarksAsync(cancellationToken).ConfigureAwait(false);
            if (!log.Covers(sequence))
            {
                throw new SequenceNotReachedException(sequence, Sequence.Of(sequence.Partition, log[sequence.Partition]));
            }
        }
    }

    private void VisitedStore(Trail trail, long started, bool found)
    {
        var ticks = Stopwatch.GetTimestamp() - started;
        trail.Add("l3", started);
        trail.ServedBy = Tier.L3;
        if (found)
        {
            _meters.L3.Hit(ticks);
        }
        else
        {
            _meters.L3.Miss(ticks);
        }
    }
}
