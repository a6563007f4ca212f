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

    /// <summary>Goes to the node once what is under way is answered; calls that come meanwhile wait for it there.</summary>
    [Alias("move")]
    Task MoveAsync(SiloAddress node);
}
