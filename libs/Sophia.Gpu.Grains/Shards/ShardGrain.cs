using Orleans.Concurrency;
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
internal sealed class ShardGrain(ShardHost host) : Grain, IShardGrain
{
    private ShardHost.OpenShard? _shard;

    public async Task<Immutable<ShardReply>> SearchAsync(Immutable<ShardCall> call, CancellationToken cancellationToken)
    {
        try
        {
            var shard = _shard ??= await host.OpenAsync(ShardAddress.Parse(this.GetPrimaryKeyString()), cancellationToken);
            return new(await Task.Run(() => shard.SearchAsync(call.Value, cancellationToken).AsTask(), cancellationToken));
        }
        catch (Exception error) when (error is RefusedException or StoreUnavailableException or FormatException)
        {
            return new(new ShardReply(ShardOutcome.Failed, null, 0, 0) { Reason = error.Message });
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_shard is not null)
        {
            await _shard.DropAsync();
        }
    }
}
