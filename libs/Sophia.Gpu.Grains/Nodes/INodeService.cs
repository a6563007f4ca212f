using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;
using Sophia.Gpu.Grains.Shards;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>One on each node: asked by address, not placed.</summary>
[Alias("sophia.node")]
internal interface INodeService : IGrainService
{
    [Alias("load")]
    Task<NodeLoad> LoadAsync();

    /// <summary>What it says of its devices. Asked for by who wants to see it, not at each look.</summary>
    [Alias("details")]
    Task<NodeDetails> DetailsAsync();

    /// <summary>Searches a shard that the node serves. Orleans' directory is not asked where it is, which a node that stands still has a part of.</summary>
    [Alias("search")]
    Task<Immutable<ShardReply>> SearchAsync(string address, Immutable<ShardCall> call);

    /// <summary>Loads a shard that is about to be moved here; returns when it is whole.</summary>
    [Alias("prepare")]
    [ResponseTimeout("00:10:00")]
    Task PrepareAsync(string address);

    /// <summary>Drops a shard that was loaded to be moved here and is not, unless the node serves it by now.</summary>
    [Alias("forgo")]
    Task ForgoAsync(string address);

    /// <summary>Drops what the node has in memory of the namespace, whether it serves it or not.</summary>
    /// <returns>The addresses of the shards that went.</returns>
    [Alias("evict")]
    Task<Immutable<List<string>>> EvictAsync(long namespaceId);

    /// <summary>Waits until all that the node has in memory of the namespace has come to the change.</summary>
    /// <returns>What has not.</returns>
    [Alias("reach")]
    Task<Immutable<List<UnconfirmedCopy>>> ReachAsync(long namespaceId, long number, TimeSpan timeout);
}

[Reentrant]
internal sealed class NodeService(GrainId id, Silo silo, Microsoft.Extensions.Logging.ILoggerFactory loggers, ShardHost host, NodeSpace space, ILocalSiloDetails here, TimeProvider clock)
    : GrainService(id, silo, loggers), INodeService
{
    private readonly NodeFitness _fitness = new(space, () => host.LogSilence, clock);
    private readonly SharedReading<NodeDetails> _details = new(() => space.Details(here.SiloAddress.ToString()));

    public Task<NodeLoad> LoadAsync()
    {
        var (failure, takesShards) = _fitness.Look();
        return Task.FromResult(new NodeLoad(space.FreeBytes(), new Immutable<List<HeldShard>>([.. host.Report()]))
        {
            Room = host.Room, Failure = failure, TakesShards = takesShards, Name = space.Name,
        });
    }

    // A driver that takes its time must not hold up the node's other answers.
    public Task<NodeDetails> DetailsAsync() => _details.ReadAsync();

    public Task<Immutable<ShardReply>> SearchAsync(string address, Immutable<ShardCall> call) => Task.Run(async () =>
    {
        try
        {
            if (await host.ServeAsync(ShardAddress.Parse(address), CancellationToken.None) is not { } shard)
            {
                return new(new ShardReply(ShardOutcome.Failed, null, 0, 0) { Reason = "its node has it no more." });
            }

            try
            {
                return ReplySize.Within(await shard.SearchAsync(call.Value, CancellationToken.None));
            }
            finally
            {
                await shard.ReleaseAsync();
            }
        }
        catch (Exception error) when (error is RefusedException or StoreUnavailableException)
        {
            return new Immutable<ShardReply>(new ShardReply(ShardOutcome.Failed, null, 0, 0) { Reason = error.Message });
        }
    });

    public Task PrepareAsync(string address) => host.PrepareAsync(ShardAddress.Parse(address), CancellationToken.None);

    public Task ForgoAsync(string address) => host.ForgoAsync(ShardAddress.Parse(address));

    public async Task<Immutable<List<string>>> EvictAsync(long namespaceId) =>
        new([.. (await host.EvictAsync(namespaceId)).Select(static shard => shard.ToString())]);

    public async Task<Immutable<List<UnconfirmedCopy>>> ReachAsync(long namespaceId, long number, TimeSpan timeout) =>
        new([.. await host.ReachAsync(namespaceId, number, timeout, CancellationToken.None)]);
}

internal sealed class NodeClient(IServiceProvider services) : GrainServiceClient<INodeService>(services)
{
    public INodeService this[SiloAddress node] => GetGrainService(node);
}
