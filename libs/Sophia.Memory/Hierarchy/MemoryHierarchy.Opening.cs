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
        var started = Stopwatch.GetTimestamp();
        if (await _shards.RefusedAsync(ns).ConfigureAwait(false) is { } refused)
        {
            throw new RefusedException(
                refused.Code, $"There is no room for the shard of namespace '{ns.Name}'. {refused.Message}",
                "Let shards take more memory (Sophia:ShardMostBytes), add a node of L0, or forget what is no longer needed.");
        }

        var shard = _shards.Open(ns, out var wasLoaded);
        if (!wasLoaded)
        {
            _meters.L0.Miss(0);
            try
            {
                await shard.Ready.WaitAsync(request.AllowPartial ? TimeSpan.Zero : Left(deadline), Clock, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && Volatile.Read(ref _disposed) == 0)
            {
                // It was dropped while it was loading; the next one is asked for.
                return await OpenShardAsync(ns, request, deadline, trail, cancellationToken).ConfigureAwait(false);
            }
            catch (NoRoomException)
            {
                // Whoever asks for it now is told why.
                return await OpenShardAsync(ns, request, deadline, trail, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                throw new RefusedException(
                    "shard-loading", $"The shard of namespace '{ns.Name}' is still being loaded ({shard.Shard.Count:N0} records so far).",
                    "Try again in a moment, or allow more time with timeoutMs.");
            }

            trail.Add("load", started);
        }

        var wanted = request.MinSequence.Number;
        if (!request.MinSequence.IsNone && shard.Seen < wanted)
        {
            var waited = Stopwatch.GetTimestamp();
            _tail.Wake();
            var reached = await shard.ReachAsync(wanted, Left(deadline), cancellationToken).ConfigureAwait(false);
            trail.Add("wait", waited);
            if (!reached && !shard.IsOver)
            {
                throw new SequenceNotReachedException(request.MinSequence, Sequence.Of(ns.Partition, shard.Seen));
            }
        }

        // One that lost trust while it was waited for may lack changes before the one asked for; one that went has them no more.
        return shard.IsBroken || shard.IsOver ? await OpenShardAsync(ns, request, deadline, trail, cancellationToken).ConfigureAwait(false) : shard;
    }

    private static TimeSpan Left(long deadline)
    {
        var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), deadline);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
