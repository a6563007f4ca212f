using System.Diagnostics;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;

namespace Sophia.Memory.Hierarchy;

/// <summary>The shard of a search in this process: loaded where it is not there, and come to the change that is asked for.</summary>
public sealed partial class MemoryHierarchy
{
    private async ValueTask<LoadedShard> OpenShardAsync(
        NamespaceInfo ns, SearchRequest request, long deadline, Trail trail, CancellationToken cancellationToken)
    {
        while (true)
        {
            // While the memory is disposed the shards that have been stopped still stand in the directory.
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            cancellationToken.ThrowIfCancellationRequested();
            if (await _shards.RefusedAsync(ns).ConfigureAwait(false) is { } refused)
            {
                throw new NoRoomException(
                    $"There is no room for the shard of namespace '{ns.Name}'. {refused.Message}",
                    "Let shards take more memory (Sophia:ShardMostBytes), add a node of L0, or forget what is no longer needed.", refused.RetryAfter);
            }

            var shard = _shards.Open(ns, out var wasLoaded);
            if (!wasLoaded && !await IsLoadedAsync(shard, ns, request, deadline, trail, cancellationToken).ConfigureAwait(false))
            {
                continue;
            }

            await ReachAsync(shard, ns, request, deadline, trail, cancellationToken).ConfigureAwait(false);
            if (!shard.IsBroken && !shard.IsOver)
            {
                return shard;
            }

            // One that lost trust while it was waited for may lack changes before the one asked for; one that went has them no more.
        }
    }

    /// <summary>False: it was dropped while it was loading, or there is no room for it, which who asks anew is told.</summary>
    private async ValueTask<bool> IsLoadedAsync(
        LoadedShard shard, NamespaceInfo ns, SearchRequest request, long deadline, Trail trail, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        _meters.L0.Miss(0);
        try
        {
            await shard.Ready.WaitAsync(request.AllowPartial ? TimeSpan.Zero : Left(deadline), Clock, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && Volatile.Read(ref _disposed) == 0)
        {
            return false;
        }
        catch (NoRoomException)
        {
            return false;
        }
        catch (TimeoutException)
        {
            throw new RefusedException(
                "shard-loading", $"The shard of namespace '{ns.Name}' is still being loaded ({shard.Shard.Count:N0} records so far).",
                "Try again in a moment, or allow more time with timeoutMs.");
        }

        trail.Add("load", started);
        return true;
    }

    /// <exception cref="SequenceNotReachedException">It is there and did not come to the change in time.</exception>
    private async ValueTask ReachAsync(
        LoadedShard shard, NamespaceInfo ns, SearchRequest request, long deadline, Trail trail, CancellationToken cancellationToken)
    {
        if (request.MinSequence.IsNone || shard.Seen >= request.MinSequence.Number)
        {
            return;
        }

        var waited = Stopwatch.GetTimestamp();
        _tail.Wake();
        var reached = await shard.ReachAsync(request.MinSequence.Number, Left(deadline), cancellationToken).ConfigureAwait(false);
        trail.Add("wait", waited);
        if (!reached && !shard.IsOver)
        {
            throw new SequenceNotReachedException(request.MinSequence, Sequence.Of(ns.Partition, shard.Seen));
        }
    }

    private static TimeSpan Left(long deadline)
    {
        var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), deadline);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
