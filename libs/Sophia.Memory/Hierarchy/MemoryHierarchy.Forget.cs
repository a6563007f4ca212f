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
    private const int CountPage = 1_000;

    /// <summary>How long a forget waits for what holds copies to come to its tombstones.</summary>
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(5);

    /// <summary>Rows of an archive that are older by so much go by their time, and not by their number alone.</summary>
    private static readonly TimeSpan OldByTime = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Erases records with every version, from the store, the log, the vectors and the caches, and counts what went where;
    /// a dry run counts the same and erases nothing. Doing it again finds nothing left to erase, and waits for what holds copies as the first one did.
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
        if (!tally.IsDryRun)
        {
            await SettleAsync(ns, tally, cancellationToken).ConfigureAwait(false);
        }

        return tally.ToAnswer();
    }

    private async Task EraseAllAsync(NamespaceInfo ns, ForgetRequest request, ForgetTally tally, Trail trail, CancellationToken cancellationToken)
    {
        await foreach (var keys in PagesAsync(ns, request, tally.IsDryRun ? CountPage : ForgetPage, trail, cancellationToken).ConfigureAwait(false))
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
        NamespaceInfo ns, ForgetRequest request, int size, Trail trail, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (request.Keys is { } keys)
        {
            foreach (var page in keys.Distinct(StringComparer.Ordinal).Chunk(size))
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
                // These come with their contents.
                var found = await ListAsync(ns, filter, after, ForgetPage, trail, cancellationToken).ConfigureAwait(false);
                (page, after) = ([.. found.Items.Select(record => record.Key)], found.Next);
            }
            else
            {
                // Deleted records, too: their history is still there.
                page = await _store.ListKeysAsync(ns, request.Prefix ?? "", after, size, cancellationToken).ConfigureAwait(false);
                after = page.Count == size ? page[^1] : null;
            }

            if (page.Count > 0)
            {
                yield return page;
            }
        }
        while (after is not null);
    }

    private async Task<IReadOnlyDictionary<string, StoredVersions>> CountAsync(
        NamespaceInfo ns, IReadOnlyList<string> keys, ForgetTally tally, CancellationToken cancellationToken)
    {
        var shard = _shards.Find(ns);
        var elsewhere = await HeldElsewhereAsync(ns, cancellationToken).ConfigureAwait(false);
        var stored = await _store.CountVersionsAsync(ns, keys, cancellationToken).ConfigureAwait(false);
        foreach (var key in keys)
        {
            if (!stored.TryGetValue(key, out var versions))
            {
                continue;
            }

            tally.Add(key);
            tally.Versions += versions.Versions;
            tally.Vectors += versions.Vectors;
            tally.Near += _near.TryGet(ns.Id, key, out _) ? 1 : 0;
            tally.Shard += !versions.IsDeleted && (shard is not null || elsewhere.Any(held => held.Holds(versions.Current.Number))) ? 1 : 0;
        }

        if (stored.Count > 0 && _shared.IsUsable)
        {
            tally.Shared += await _shared.CountAsync([.. stored.Keys.Select(key => IdOf(ns, key))]).ConfigureAwait(false);
        }

        return stored;
    }

    private async Task EraseAsync(NamespaceInfo ns, IReadOnlyList<string> keys, ForgetTally tally, Trail trail, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var expected = new ForgetTally(isDryRun: true);
        var stored = await CountAsync(ns, keys, expected, cancellationToken).ConfigureAwait(false);
        foreach (var (key, versions) in stored)
        {
            if (versions.Changes > ErasureParts.MostChanges)
            {
                tally.Versions += await _store.EraseHistoryAsync(ns, key, null, cancellationToken).ConfigureAwait(false);
            }
        }

        foreach (var part in ErasureParts.Of(keys, key => stored.GetValueOrDefault(key).Changes))
        {
            // Where nothing is found there is no tombstone to say what is older than this forget. By time only what is much older: clocks of
            // other processes are behind by less, and rows of before a restore by more.
            var (unseen, asked) = (Sequence.Of(ns.Partition, Seen[ns.Partition] + 1), Clock.GetUtcNow() - OldByTime);
            var (last, without) = await EraseTogetherAsync(ns, part, tally, trail).ConfigureAwait(false);

            // For each commit: what is written again between two of them is behind the first one's tombstones and before the second one's.
            await EraseArchivedAsync(
                ns, part.ConvertAll(key => IdOf(ns, key)), without.ConvertAll(key => IdOf(ns, key)), last ?? unseen, asked, tally, cancellationToken).ConfigureAwait(false);
        }

        tally.Vectors += expected.Vectors;
        tally.Shard += expected.Shard;
        tally.Shared += _shared.IsUsable ? expected.Shared : 0;
    }

    /// <summary>Erases records in one commit.</summary>
    /// <returns>The last tombstone, null when none of them was there; and those that have none.</returns>
    private async Task<(Sequence? Last, List<string> Without)> EraseTogetherAsync(NamespaceInfo ns, List<string> keys, ForgetTally tally, Trail trail)
    {
        var operations = keys.ConvertAll(key => new ForgetOperation(ns, key, IdOf(ns, key)));
        foreach (var operation in operations)
        {
            tally.Near += _near.TryGet(ns.Id, operation.Key, out _) ? 1 : 0;
        }

        var outcome = await WriteAsync(new WriteGroup(operations), trail).ConfigureAwait(false);
        var (last, without) = ((Sequence?)null, new List<string>());
        for (var i = 0; i < keys.Count; i++)
        {
            if (outcome.Receipts[i].Status == ReceiptStatus.Forgotten)
            {
                tally.Add(keys[i]);
                tally.Tombstones++;
                last = tally.Last = outcome.Receipts[i].Sequence;
            }
            else
            {
                without.Add(keys[i]);
            }
        }

        tally.Versions += outcome.VersionsErased;
        return (last, without);
    }

    // Also where nothing was left to erase: the one before, whose answer was lost or named what had not confirmed it, may have erased all,
    // and what holds copies of that has come to it when it has come to where the log is now.
    private async Task SettleAsync(NamespaceInfo ns, ForgetTally tally, CancellationToken cancellationToken)
    {
        if (tally.Last.IsNone)
        {
            tally.Last = await NowAsync(ns, cancellationToken).ConfigureAwait(false);
            await _tail.ReachAsync(ns.Partition, tally.Last.Number, mine: 0, cancellationToken).ConfigureAwait(false);
        }

        var past = _past.AreOverAsync(ns, tally.Last.Number, SettlePatience, cancellationToken);
        foreach (var copy in await _shards.ReachAsync(ns.Id, tally.Last.Number, SettlePatience, cancellationToken, past).ConfigureAwait(false))
        {
            tally.Miss(copy, copy.Shard is null ? copy.Reason : "A shard in memory has not come to the tombstones yet; it overwrites the vectors when it does.");
        }

        if (!await past.ConfigureAwait(false))
        {
            tally.Miss(
                new UnconfirmedCopy(Tier.L0, null, null, "A search in the past holds what it read."),
                "A search in the past that may have begun before the erasure holds what it read until it is over.");
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
            tally.StillHold("Other nodes drop their copies when their cursors pass the tombstones, normally within a second; a search in the past there, when it is over.");
        }

        foreach (var holder in await _store.SettleErasureAsync(cancellationToken).ConfigureAwait(false))
        {
            tally.StillHold(holder);
        }
    }
}
