using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Search.Cluster;

/// <summary>L0 on other nodes.</summary>
public interface IShardCluster
{
    /// <summary>For people, such as "Orleans, 3 nodes".</summary>
    string Engine { get; }

    TierState State { get; }

    /// <summary>Why it is not healthy; null when it is.</summary>
    string? Reason { get; }

    /// <summary>What each node held when it was last heard of, about a second ago; empty while none is reached.</summary>
    IReadOnlyList<ClusterNode> Nodes { get; }

    /// <exception cref="RefusedException">shard-loading: a shard was not there in the call's time. shard-no-room: no node has memory for it.</exception>
    /// <exception cref="SequenceNotReachedException">A shard did not see the change asked for in the call's time.</exception>
    /// <exception cref="ClusterUnavailableException">There is no node at all.</exception>
    Task<ClusterAnswer> SearchAsync(NamespaceInfo ns, ClusterCall call, CancellationToken cancellationToken);

    /// <summary>The shards of the namespace that nodes hold now, whatever their language and model.</summary>
    /// <exception cref="ClusterUnavailableException">There is no node at all.</exception>
    Task<IReadOnlyList<HeldShard>> HeldAsync(NamespaceInfo ns, CancellationToken cancellationToken);

    /// <summary>
    /// Waits until every shard of the namespace that a node has in memory has seen the number: those that are loading, and those
    /// that were loaded to be moved there, too.
    /// </summary>
    /// <returns>Shards that have not in time, and nodes that did not say.</returns>
    /// <exception cref="ClusterUnavailableException">There is no node at all, or none answers.</exception>
    Task<IReadOnlyList<UnconfirmedCopy>> ReachAsync(NamespaceInfo ns, long number, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Drops the shards of the namespace; they come back by use.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="ClusterUnavailableException">There is no node at all.</exception>
    Task<int> EvictAsync(NamespaceInfo ns, CancellationToken cancellationToken);

    /// <summary>Has the namespace's shards loaded, so that the first search need not wait; one that cannot be is loaded by use.</summary>
    Task WarmAsync(NamespaceInfo ns, CancellationToken cancellationToken);

    /// <summary>
    /// Holds a writer back for a moment when the namespace's last shard has not seen the number: up to a second while it makes headway, a
    /// tenth of that when it makes none, not at all where no node holds it: of such a namespace it counts what is written, and has it loaded
    /// before a shard would become too large.
    /// </summary>
    /// <param name="written">Changes of the writer.</param>
    ValueTask PaceAsync(NamespaceInfo ns, long number, int written);
}

/// <summary>A node of L0 as the others see it.</summary>
/// <param name="Name">As it is configured; its address where it is of a version that does not say.</param>
/// <param name="FreeBytes">Of its vector pools, not allocated.</param>
/// <param name="RoomBytes">That its shards may still take in memory; negative when they take more than they may.</param>
/// <param name="Failure">What is wrong with a device of it, or with its reading of the log; null while it is well.</param>
/// <param name="TakesShards">False while it fails, and for a while after that.</param>
public sealed record ClusterNode(string Name, long FreeBytes, long RoomBytes, string? Failure, bool TakesShards, IReadOnlyList<HeldShard> Shards)
{
    /// <summary>Among the others; another one after each start. Null of a version that does not say.</summary>
    public string? Address { get; init; }

    public long UsedBytes => Shards.Sum(static shard => shard.Bytes);
}

/// <summary>No node of L0 can be reached.</summary>
public sealed class ClusterUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
