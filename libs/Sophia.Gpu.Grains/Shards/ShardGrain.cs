using System.Diagnostics.CodeAnalysis;
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
/// each other, outside the grain's turns, which are one at a time. It stays until its node goes,
/// or until it makes room for others.
/// </summary>
[KeepAlive]
[Reentrant]
[FreestNode]
internal sealed class ShardGrain(ShardHost host, NodeLoads loads, ILocalSiloDetails here) : Grain, IShardGrain
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMinutes(1);
    private Task<ShardHost.OpenShard>? _shard;
    private Task _looking = Task.CompletedTask;

    /// <summary>One that failed to open is opened again.</summary>
    [MemberNotNullWhen(false, nameof(_shard))]
    private bool IsUnopened => _shard is null or { IsFaulted: true } or { IsCanceled: true };

    private ShardAddress Address => ShardAddress.Parse(this.GetPrimaryKeyString());

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // The first look is at once, and not made here: a grain that is ended while it activates is not told, and would leave its shard open.
        this.RegisterGrainTimer(LookAsync, new GrainTimerCreationOptions(TimeSpan.Zero, LookPeriod) { Interleave = true });
        return Task.CompletedTask;
    }

    public async Task<Immutable<ShardReply>> SearchAsync(Immutable<ShardCall> call, CancellationToken cancellationToken)
    {
        try
        {
            var shard = await OpenAsync();
            var reply = await Task.Run(() => shard.SearchAsync(call.Value, cancellationToken).AsTask(), cancellationToken);
            if (reply.Outcome == ShardOutcome.NoRoom && loads.Roomier(here.SiloAddress, reply.Bytes) is { } node)
            {
                await MoveAsync(node);
                reply = reply with { Outcome = ShardOutcome.Loading };
            }

            return ReplySize.Within(reply);
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

    public async Task<long> ReachAsync(long number, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (_shard is { IsCompletedSuccessfully: true } shard)
        {
            return await (await shard).ReachAsync(number, timeout, cancellationToken);
        }

        if (!host.IsInMemory(Address))
        {
            // Begun by this call for nothing. One that is in memory would be opened by the first look, and dropped by this.
            DeactivateOnIdle();
        }

        return long.MaxValue;
    }

    public async Task<bool> WarmAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await (await OpenAsync()).WarmAsync(cancellationToken);
        }
        catch (Exception error) when (error is RefusedException or StoreUnavailableException)
        {
            // Of a type that travels.
            throw new InvalidOperationException(error.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException("It was dropped while it was loaded.");
        }
    }

    public async Task<bool> LeaveAsync(bool always)
    {
        var (hadIt, isCold) = _shard is { IsCompletedSuccessfully: true } shard ? (true, (await shard).IsCold) : (false, true);
        if (always || isCold)
        {
            DeactivateOnIdle();
        }

        return hadIt;
    }

    // A node that dies takes with it what it knew of the places of others' grains, which are ended then and begun anew by the next call:
    // their shards stay in memory, where they are found again.
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // What a look has begun to serve is released too.
        await _looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (_shard is not { } opening)
        {
            return;
        }

        ShardHost.OpenShard shard;
        try
        {
            shard = await opening;
        }
        catch (Exception error) when (error is RefusedException or StoreUnavailableException)
        {
            return; // It was never open.
        }

        await shard.ReleaseAsync(staysAWhile: reason.ReasonCode == DeactivationReasonCode.DirectoryFailure);
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            // It was loaded here to be moved here, or stayed: without a search for it too it counts among what the node serves.
            if (IsUnopened)
            {
                await (_looking = ServeWhatIsHereAsync(cancellationToken));
            }

            if (_shard is { IsCompletedSuccessfully: true } shard && await (await shard).IsLeftBehindAsync(cancellationToken))
            {
                DeactivateOnIdle();
            }
        }
        catch (Exception error) when (error is RefusedException or StoreUnavailableException)
        {
            // The next look is a minute away, and the log's tail says already that the store is away.
        }
    }

    private async Task ServeWhatIsHereAsync(CancellationToken cancellationToken)
    {
        if (await host.ServeAsync(Address, cancellationToken) is not { } held)
        {
            return;
        }

        // A call that opens it meanwhile has it before this lets go: in nobody's hands it would be dropped, and loaded anew.
        while (_shard is { IsCompleted: false } opening)
        {
            await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        if (IsUnopened)
        {
            _shard = Task.FromResult(held);
        }
        else
        {
            await held.ReleaseAsync();
        }
    }

    // Calls that come together open it once; one that failed is not kept.
    private Task<ShardHost.OpenShard> OpenAsync()
    {
        if (IsUnopened)
        {
            _shard = host.OpenAsync(Address, CancellationToken.None).AsTask();
        }

        return _shard;
    }
}
