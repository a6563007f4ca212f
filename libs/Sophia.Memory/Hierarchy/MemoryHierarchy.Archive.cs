using Sophia.Memory.Archiving;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    /// <summary>Where the log is mirrored to; null where it is not. Set once, before the first request.</summary>
    public IArchive? Archive { get; set; }

    /// <summary>The cursor of this process on the log: what it says has been shown here costs no visit to the store.</summary>
    public Watermarks Seen => _tail.Seen;

    /// <summary>True when other processes may work on the same log.</summary>
    public bool IsShared => _store.IsShared;

    /// <summary>Rows of one partition with numbers above <paramref name="after"/>, ascending, of all tenants.</summary>
    /// <exception cref="Stores.StoreUnavailableException"/>
    public Task<Stores.RowPage<LogEntry>> ReadLogAsync(int partition, long after, int limit, CancellationToken cancellationToken) =>
        _store.ReadLogAsync(partition, after, limit, null, cancellationToken);

    /// <summary>All namespaces of all tenants, reserved ones too, by id, after the given id.</summary>
    /// <exception cref="Stores.StoreUnavailableException"/>
    public Task<IReadOnlyList<NamespaceInfo>> ListAllNamespacesAsync(long afterId, int limit, CancellationToken cancellationToken) =>
        _store.ListNamespacesAsync(afterId, limit, cancellationToken);

    /// <summary>Versions, newest first, and those that L3 no longer has from the archive; null when neither has any.</summary>
    /// <exception cref="ArchiveUnavailableException">There is an archive, and it cannot be asked for what L3 does not have.</exception>
    public async Task<HistoryPage?> WholeHistoryAsync(NamespaceInfo ns, string key, Sequence before, int limit, Trail trail, CancellationToken cancellationToken)
    {
        var page = await HistoryAsync(ns, key, before, limit, trail, cancellationToken).ConfigureAwait(false);
        if (Archive is not { } archive || ns.Settings.Resident || page is { Items.Count: > 0 } && (!page.Next.IsNone || page.Items[^1].Previous.IsNone))
        {
            return page;
        }

        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var items = page?.Items ?? [];
        var older = await archive.HistoryAsync(ns, key, IdOf(ns, key), items.Count > 0 ? items[^1].Sequence : before, limit - items.Count, cancellationToken).ConfigureAwait(false);
        trail.Add("snowflake", started);
        LogEntry[] all = [.. items, .. older];
        return all.Length == 0 ? page : new HistoryPage(all, !older.IsLast(limit - items.Count) && !all[^1].Previous.IsNone ? all[^1].Sequence : Sequence.None);
    }

    /// <param name="without">Those that got no tombstone, by which the archive would erase them later: it is asked for them in any case.</param>
    private async Task EraseArchivedAsync(
        NamespaceInfo ns, List<RecordId> records, List<RecordId> without, Sequence before, DateTimeOffset asked, ForgetTally tally, CancellationToken cancellationToken)
    {
        var wanted = !tally.ArchiveIsAway ? records : tally.IsToBeSentAgain ? [] : without;
        if (Archive is not { } archive || wanted.Count == 0 || !archive.MayHold(ns))
        {
            return;
        }

        try
        {
            var erasure = await archive.EraseAsync(ns, wanted, before, asked, cancellationToken).ConfigureAwait(false);
            tally.Archived += erasure.Rows;
            if (erasure.StillHeld is { } held)
            {
                tally.StillHold(held);
            }
        }
        catch (ArchiveUnavailableException error)
        {
            // A turn that is not had takes half a minute, and each page of a long forget would wait for one.
            tally.ArchiveIsAway = true;
            tally.IsToBeSentAgain |= without.Count > 0;
            tally.Miss(
                new UnconfirmedCopy(Tier.L3, archive.Name, null, error.Message),
                without.Count == 0
                    ? $"{archive.Name} could not be asked to erase its copies; it is by the tombstones, as soon as it can be reached: {error.Message}"
                    : $"{archive.Name} could not be asked to erase its copies, and of records that are only there it is not by tombstones: send the forget again when it can be reached. {error.Message}");
        }
    }
}
