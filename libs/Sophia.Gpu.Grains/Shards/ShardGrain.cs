using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;

namespace Sophia.Gpu.Grains.Shards;

/// <summary>
/// A thin shell: which node has the shard is Orleans's, what a shard is stands in <see cref="ShardHost"/>. Searches run beside
/// each other, outside the grain's turns, which are one at a time. It stays until its node goes.
/// </summary>
[KeepAlive]
[Reentrant]
[FreestNode]
internal sealed class ShardGrain(ShardHost host) : Grain, IShardGrain
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMinutes(1);
    private Task<ShardHost.OpenShard>? _shard;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(LookAsync, new GrainTimerCreationOptions(LookPeriod, LookPeriod) { Interleave = true });
        return Task.CompletedTask;
    }

    public async Task<Immutable<ShardReply>> SearchAsync(Immutable<ShardCall> call, CancellationToken cancellationToken)
    {
        try
        {
            var shard = await OpenAsync();
            return new(await Task.Run(() => shard.SearchAsync(call.Value, cancellationToken).AsTask(), cancellationToken));
        }
        catch (Exception error) when (error is RefusedException or StoreUnavailableException or FormatException)
        {
            return new(new ShardReply(ShardOutcome.Failed, null, 0, 0) { Reason = error.Message });
        }
    }

    public Task MoveAsync(SiloAddress node)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, node);
        MigrateOnIdle();
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_shard is { IsCompletedSuccessfully: true } shard)
        {
            await (await shard).ReleaseAsync();
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_shard is { IsCompletedSuccessfully: true } shard && await (await shard).IsLeftBehindAsync(cancellationToken))
            {
                DeactivateOnIdle();
            }
        }
        catch (StoreUnavailableException)
        {
            // The next look is a minute away, and the log's tail says already that the store is away.
        }
    }

    // Calls that come together open it once; one that failed is not kept.
    private Task<ShardHost.OpenShard> OpenAsync()
    {
        if (_shard is null or { IsFaulted: true } or { IsCanceled: true })
        {
            _shard = host.OpenAsync(ShardAddress.Parse(this.GetPrimaryKeyString()), CancellationToken.None).AsTask();
        }

        return _shard;
    }
}
