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

    /// <summary>Opens a shard behind the last.</summary>
    /// <param name="shard">Its number.</param>
    /// <param name="first">With which it begins.</param>
    /// <returns>The number with which it begins: another where another node opened it before.</returns>
    /// <exception cref="StoreUnavailableException">It cannot be written now.</exception>
    ValueTask<long> OpenAsync(long namespaceId, int shard, long first, CancellationToken cancellationToken);
}
