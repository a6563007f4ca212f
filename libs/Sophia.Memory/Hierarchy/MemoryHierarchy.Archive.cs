using Sophia.Memory.Archiving;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

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
    public Task<IReadOnlyList<LogEntry>> ReadLogAsync(int partition, long after, int limit, CancellationToken cancellationToken) =>
        _store.ReadLogAsync(partition, after, limit, null, cancellationToken);

    /// <summary>All namespaces of all tenants, reserved ones too, by id, after the given id.</summary>
    /// <exception cref="Stores.StoreUnavailableException"/>
    public Task<IReadOnlyList<NamespaceInfo>> ListAllNamespacesAsync(long afterId, int limit, CancellationToken cancellationToken) =>
        _store.ListNamespacesAsync(afterId, limit, cancellationToken);

    private async Task EraseArchivedAsync(NamespaceInfo ns, IReadOnlyList<RecordId> records, ForgetTally tally, CancellationToken cancellationToken)
    {
        if (Archive is not { } archive || ns.Settings.Resident || records.Count == 0)
        {
            return;
        }

        try
        {
            var erasure = await archive.EraseAsync(ns, records, cancellationToken).ConfigureAwait(false);
            tally.Archived += erasure.Rows;
            if (erasure.StillHeld is { } held)
            {
                tally.StillHold(held);
            }
        }
        catch (ArchiveUnavailableException error)
        {
            tally.StillHold($"{archive.Name} could not be asked to erase its copies; it is by the tombstones, as soon as it can be reached: {error.Message}");
        }
    }
}
