using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Archiving;

/// <summary>A copy of the log outside of L3 that is kept longer, and that an erasure has to reach. Resident namespaces are not in it.</summary>
public interface IArchive
{
    /// <summary>The archive's name for people, such as "Snowflake".</summary>
    string Name { get; }

    /// <summary>Up to when the archive has the namespace's rows of the log: older ones may be trimmed from L3.</summary>
    DateTimeOffset HasUpTo(NamespaceInfo ns);

    /// <summary>Versions of a record, newest first, deletes among them, up to its last tombstone; without vectors.</summary>
    /// <param name="before">None for the newest; otherwise entries that come strictly before it.</param>
    /// <exception cref="ArchiveUnavailableException"/>
    Task<RowPage<LogEntry>> HistoryAsync(NamespaceInfo ns, string key, RecordId id, Sequence before, int limit, CancellationToken cancellationToken);

    /// <summary>A namespace has become resident: what the archive has of it goes with its next batch.</summary>
    void Recall(NamespaceInfo ns);

    /// <summary>Whether the archive may have rows of the namespace: true of a resident one until what was mirrored of it before has gone. Asks nobody.</summary>
    bool MayHold(NamespaceInfo ns);

    /// <summary>Erases what the archive has of records, before the caller is answered.</summary>
    /// <param name="before">The first change that stays: what is written again while the erasure waits for its turn comes behind it.</param>
    /// <param name="asked">Before this the erasure was asked for: what is older goes too, whatever its number, since numbers come again after L3 was restored.</param>
    /// <exception cref="ArchiveUnavailableException">They go when the archive can be reached, by the tombstones in the log.</exception>
    Task<ArchiveErasure> EraseAsync(NamespaceInfo ns, IReadOnlyList<RecordId> records, Sequence before, DateTimeOffset asked, CancellationToken cancellationToken);
}

/// <summary>What an archive erased.</summary>
/// <param name="StillHeld">Where a copy may be still, and until when; null when nowhere.</param>
public readonly record struct ArchiveErasure(long Rows, string? StillHeld);

/// <summary>The archive cannot be asked.</summary>
public sealed class ArchiveUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
