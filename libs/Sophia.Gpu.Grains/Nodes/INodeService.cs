using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>What a node holds and could still take.</summary>
/// <param name="Free">Bytes of its vector pools that are not allocated.</param>
[GenerateSerializer]
[Alias("sophia.load")]
internal sealed record NodeLoad([property: Id(0)] long Free, [property: Id(1)] Immutable<List<HeldShard>> Shards)
{
    public long Used => Shards.Value.Sum(static shard => shard.Bytes);
}

/// <summary>One on each node: asked by address, not placed.</summary>
[Alias("sophia.node")]
internal interface INodeService : IGrainService
{
    [Alias("load")]
    Task<NodeLoad> LoadAsync();

    /// <summary>Loads a shard that is about to be moved here; returns when it is whole.</summary>
    [Alias("prepare")]
    [ResponseTimeout("00:10:00")]
    Task PrepareAsync(string address);
}

/// <summary>Bytes of the vector pools of this node's devices that are not allocated.</summary>
public sealed record NodeSpace(Func<long> FreeBytes);

[Reentrant]
internal sealed class NodeService(GrainId id, Silo silo, Microsoft.Extensions.Logging.ILoggerFactory loggers, ShardHost host, NodeSpace space)
    : GrainService(id, silo, loggers), INodeService
{
    public Task<NodeLoad> LoadAsync() => Task.FromResult(new NodeLoad(space.FreeBytes(), new Immutable<List<HeldShard>>([.. host.Report()])));

    public Task PrepareAsync(string address) => host.PrepareAsync(ShardAddress.Parse(address), CancellationToken.None);
}

internal sealed class NodeClient(IServiceProvider services) : GrainServiceClient<INodeService>(services)
{
    public INodeService this[SiloAddress node] => GetGrainService(node);
}
