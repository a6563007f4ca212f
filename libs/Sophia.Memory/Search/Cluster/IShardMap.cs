using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Search.Cluster;

/// <summary>
/// Where the shards of namespaces begin, kept where all nodes read it. A shard has the records whose current version is numbered
/// from its beginning to that of the next; the last is open at the end. What is written here never changes.
/// </summary>
public interface IShardMap
{
    /// <summary>The number with which each shard after the first begins, in order; the first begins with the log.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be read now.</exception>
    ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a shard behind the last. The log of the namespace's partition is held from the look at its end until the shard is in the
    /// map: no change comes between, and who reads the map without the shard knows of none behind that end.
    /// </summary>
    /// <param name="shard">Its number.</param>
    /// <param name="ahead">It begins behind so many changes that are still to come.</param>
    /// <returns>The number with which it begins: another where another node opened it before.</returns>
    /// <exception cref="StoreUnavailableException">It cannot be written now.</exception>
    ValueTask<long> OpenAsync(NamespaceInfo ns, int shard, int ahead, CancellationToken cancellationToken);
}
