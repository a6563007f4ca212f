using Orleans.Concurrency;
using Orleans.Runtime;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains.Shards;

/// <summary>A shard of L0; its key is the text of a <see cref="ShardAddress"/>.</summary>
[Alias("sophia.shard")]
internal interface IShardGrain : IGrainWithStringKey
{
    /// <summary>Never throws for what a shard can say in its reply.</summary>
    [Alias("search")]
    Task<Immutable<ShardReply>> SearchAsync(Immutable<ShardCall> call, CancellationToken cancellationToken);

    /// <summary>Waits until its shard has seen the change.</summary>
    /// <returns>The last that it has seen; the highest number where it is not in memory.</returns>
    [Alias("reach")]
    Task<long> ReachAsync(long number, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Loads its shard; returns when it is whole.</summary>
    /// <returns>True when the namespace has a shard behind it.</returns>
    [Alias("warm")]
    [ResponseTimeout("00:10:00")]
    Task<bool> WarmAsync(CancellationToken cancellationToken);

    /// <summary>Its shard goes from memory, and comes back on any node by use.</summary>
    /// <param name="always">False: only if nobody has asked for it of late.</param>
    /// <returns>True when it had a shard.</returns>
    [Alias("leave")]
    Task<bool> LeaveAsync(bool always);

    /// <summary>Goes to the node once what is under way is answered; calls that come meanwhile wait for it there.</summary>
    [Alias("move")]
    Task MoveAsync(SiloAddress node);
}
