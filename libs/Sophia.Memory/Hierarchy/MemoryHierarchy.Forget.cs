using Sophia.Memory.Caching;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    private const int ForgetPage = 250;

    /// <summary>How long a forget waits for what holds copies to come to its tombstones.</summary>
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(5);

    /// <summary>Rows of an archive that are older by so much go by their time, and not by their number alone.</summary>
    private static readonly TimeSpan OldByTime = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Erases records with every version, from the store, the log, the vectors and the caches, and counts what went where;
    /// a dry run counts the same and erases nothing. Doing it again finds nothing left to do.
    /// </summary>
    /// <exception cref="RefusedException">invalid-request: not exactly one of keys, prefix, filter and all is set.</exception>
    public async Task<ForgetAnswer> ForgetAsync(NamespaceInfo ns, ForgetRequest request, Trail trail, CancellationToken cancellationToken)
    {
        var given = (request.Keys is null ? 0 : 1) + (request.Prefix is null ? 0 : 1) + (request.Filter is null ? 0 : 1) + (request.All ? 1 : 0);
        if (given != 1)
        {
            throw new RefusedException(
                "invalid-request", $"A forget names its records by exactly one of keys, prefix, filter and all; this one by {given}.",
                "Leave all but one out.");
        }

        var tally = new ForgetTally(request.DryRun);
        await EraseAllAsync(ns, request, tally, trail, cancellationToken).ConfigureAwait(false);
        if (tally is { IsDryRun: false, Matched: > 0 })
        {
            await SettleAsync(ns, tally, cancellationToken).ConfigureAwait(false);
        }

        return tally.ToAnswer();
    }

    private async Task EraseAllAsync(NamespaceInfo ns, ForgetRequest request, ForgetTally tally, Trail trail, CancellationToken cancellationToken)
    {
        await foreach (var keys in PagesAsync(ns, request, trail, cancellationToken).ConfigureAwait(false))
        {
            await (tally.IsDryRun ? CountAsync(ns, keys, tally, cancellationToken) : EraseAsync(ns, keys, tally, trail, cancellationToken))
                .ConfigureAwait(false);
        }

        if (tally.IsDryRun)
        {
            tally.StillHold("Nothing was erased: this was a dry run.");
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<string>> PagesAsync(
        NamespaceInfo ns, ForgetRequest request, Trail trail, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (request.Keys is { } keys)
        {
            foreach (var page in keys.Distinct(StringComparer.Ordinal).Chunk(ForgetPage))
            {
                yield return page;
            }

            yield break;
        }

        string? after = null;
        do
        {
            IReadOnlyList<string> page;
            if (request.Filter is { } filter)
            {
                var found = await ListAsync(ns, filter, after, ForgetPage, trail, cancellationToken).ConfigureAwait(false);
                (page, after) = ([.. found.Items.Select(record => record.Key)], found.Next);
            }
            else
            {
                // Deleted records, too: their history is still there.
                page = await _store.ListKeysAsync(ns, request.Prefix ?? "", after, ForgetPage, cancellationToken).ConfigureAwait(false);
                after = page.Count == ForgetPage ? page[^1] : null;
            }

            if (page.Count > 0)
            {
                yield return page;
            }
        }
        while (after is not null);
    }

    private async Task CountAsync(NamespaceInfo ns, IReadOnlyList<string> keys, ForgetTally tally, CancellationToken cancellationToken)
    {
        var shard = _shards.Find(ns);
        var elsewhere = await HeldElsewhereAsync(ns, cancellationToken).ConfigureAwait(false);
        var erased = new List<Sequence>(keys.Count);
        foreach (var key in keys)
        {
            var versions = await _store.HistoryAsync(ns, key, Sequence.None, int.MaxValue, cancellationToken).ConfigureAwait(false);
            if (versions.Count == 0)
            {
                continue;
            }

            tally.Add(key);
            tally.Versions += versions.Count(entry => entry.Record is not null);
            tally.Vectors += versions.Count(entry => entry.Record?.Vector is not null);
            erased.AddRange(versions.Where(static entry => entry.Record is not null).Select(static entry => entry.Sequence));
            tally.Near += _near.TryGet(ns.Id, key, out _) ? 1 : 0;
            tally.Shared += _shared.IsUsable && await _shared.GetAsync(IdOf(ns, key)).ConfigureAwait(false) is not null ? 1 : 0;
            tally.Shard += versions[0].Kind == ChangeKind.Put && (shard is not null || elsewhere.Any(held => held.Holds(versions[0].Sequence.Number))) ? 1 : 0;
        }

        // While the namespace changes its model, those of the other model stand beside the contents.
        tally.Vectors += await _store.CountVectorsAsync(ns, erased, cancellationToken).ConfigureAwait(false);
    }

    private async Task EraseAsync(NamespaceInfo ns, IReadOnlyList<string> keys, ForgetTally tally, Trail trail, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var expected = new ForgetTally(isDryRun: true);
        await CountAsync(ns, keys, expected, cancellationToken).ConfigureAwait(false);
        var operations = keys.Select(key => new ForgetOperation(ns, key, IdOf(ns, key))).ToArray();
        // The log's tombstone has no key: whoever observes it learns from here which copies and flights it means.
        foreach (var operation in operations)
        {
            _forgetting[operation.Id] = new NearKey(ns.Id, operation.Key);
            tally.Near += _near.TryGet(ns.Id, operation.Key, out _) ? 1 : 0;
        }

        // Where nothing is found there is no tombstone to say what is older than this forget. By time only what is much older: clocks of other
        // processes are behind by less, and rows of before a restore by more.
        var (before, asked) = (Sequence.Of(ns.Partition, Seen[ns.Partition] + 1), Clock.GetUtcNow() - OldByTime);
        WriteOutcome outcome;
        try
        {
            outcome = await WriteAsync(new WriteGroup(operations), trail).ConfigureAwait(false);
        }
        finally
        {
            foreach (var operation in operations)
            {
                _forgetting.TryRemove(operation.Id, out _);
            }
        }

        for (var i = 0; i < keys.Count; i++)
        {
            if (outcome.Receipts[i].Status == ReceiptStatus.Forgotten)
            {
                tally.Add(keys[i]);
                tally.Tombstones++;
                before = tally.Last = outcome.Receipts[i].Sequence;
            }
        }

        await EraseArchivedAsync(ns, [.. operations.Select(static operation => operation.Id)], before, asked, tally, cancellationToken).ConfigureAwait(false);
        tally.Versions += outcome.VersionsErased;
        tally.Vectors += expected.Vectors;
        tally.Shard += expected.Shard;
        tally.Shared += _shared.IsUsable ? expected.Shared : 0;
    }

    private async Task SettleAsync(NamespaceInfo ns, ForgetTally tally, CancellationToken cancellationToken)
    {
        foreach (var copy in await _shards.ReachAsync(ns.Id, tally.Last.Number, SettlePatience, cancellationToken).ConfigureAwait(false))
        {
            tally.Miss(copy, "A shard in memory has not come to the tombstones yet; it overwrites the vectors when it does.");
        }

        await SettleElsewhereAsync(ns, tally, cancellationToken).ConfigureAwait(false);
        if (_shared.IsConfigured && !_shared.IsUsable)
        {
            tally.Miss(
                new UnconfirmedCopy(Tier.L1, null, null, "Redis cannot be reached."),
                "Redis cannot be reached: copies there are unreachable from its return on (a new epoch) and expire within their time to live.");
        }
        else if (_shared.Cache?.UnreachableUntil is { } until)
        {
            tally.StillHold(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"Redis: copies of before its present epoch, which begins when a process starts or Redis was out of reach. Nobody can read them, and the last expires by {until:yyyy-MM-dd HH:mm} UTC."));
        }

        if (_store.IsShared)
        {
            tally.StillHold("Other nodes drop their copies when their cursors pass the tombstones, normally within a second.");
        }

        foreach (var holder in await _store.SettleErasureAsync(cancellationToken).ConfigureAwait(false))
        {
            tally.StillHold(holder);
        }
    }
}
