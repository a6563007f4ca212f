using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Stores;

/// <summary>What a forget asks of a store beside the tombstone itself.</summary>
public interface IErasureStore
{
    /// <summary>
    /// What there is of these records, in numbers alone: no content or vector is read. A record that was deleted is there as long as its
    /// history is; those that are not there are left out. Histories of any length are counted, in statements of bounded size.
    /// </summary>
    Task<IReadOnlyDictionary<string, StoredVersions>> CountVersionsAsync(NamespaceInfo ns, IReadOnlyCollection<string> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Erases the contents and vectors of all versions but the newest, in transactions of bounded size, the oldest first, each durable with the
    /// end of the history that it leaves: whoever is interrupted finds the rest by the record, as before.
    /// </summary>
    /// <param name="current">Only while this is the newest version; null: in any case.</param>
    /// <returns>Versions whose content was erased.</returns>
    Task<int> EraseHistoryAsync(NamespaceInfo ns, string key, Sequence? current, CancellationToken cancellationToken);
}

/// <summary>What a store has of a record.</summary>
/// <param name="Current">The newest version, which may be a delete.</param>
/// <param name="Changes">Steps of a walk through its history, also those without content; the last may lead to what was trimmed.</param>
/// <param name="Versions">Versions that have their content.</param>
/// <param name="Vectors">Vectors of these versions, those of a second model too; texts without a direction are not counted.</param>
public readonly record struct StoredVersions(Sequence Current, bool IsDeleted, long Changes, long Versions, long Vectors);
