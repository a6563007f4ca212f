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

    /// <exception cref="RefusedException">shard-loading: a shard was not there in the call's time.</exception>
    /// <exception cref="SequenceNotReachedException">A shard did not see the change asked for in the call's time.</exception>
    /// <exception cref="ClusterUnavailableException">There is no node at all.</exception>
    Task<ClusterAnswer> SearchAsync(NamespaceInfo ns, ClusterCall call, CancellationToken cancellationToken);
}

/// <summary>No node of L0 can be reached.</summary>
public sealed class ClusterUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
