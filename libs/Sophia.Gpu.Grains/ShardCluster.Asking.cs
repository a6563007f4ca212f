using Orleans.Concurrency;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Grains.Shards;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains;

/// <summary>
/// How a shard is asked while nodes come and go. A call to a node that has just died is lost without a word, so none is waited for long;
/// it is asked again, and whichever call is answered first counts: a search that only takes its time is not begun anew for ever.
/// </summary>
public sealed partial class ShardCluster
{
    private const int MostDoublings = 5;

    /// <summary>
    /// How often a shard that may be missing is asked by another way before it is: by that which answered last, which may lead over the node that
    /// stands still, too, and then by two new ones at once, which lead over two nodes.
    /// </summary>
    private const int OtherWays = 2;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(1);

    /// <summary>What a shard that is there may take to answer, beside what it waits for, before it is asked again; twice as long each time after the second.</summary>
    private static readonly TimeSpan Answering = TimeSpan.FromSeconds(2);

    /// <summary>What one that may be missing is given to come to a token before it is asked again: it is not known whether its node lives.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);

    /// <summary>How long one that may be missing is waited for before it is asked once more: a call may be lost on its way to a shard that is there.</summary>
    private static readonly TimeSpan Lost = TimeSpan.FromMilliseconds(500);

    /// <summary>A node that dies takes up to thousands of shards with it, each of which is searched: the log has one of them as an example.</summary>
    private static readonly TimeSpan BetweenSilences = TimeSpan.FromMinutes(1);
    private long _silenceToldAt;
    private long _errorToldAt;

    // A node that died is asked until the others know of it and have its shards; the call's time is the limit.
    private async Task<ShardReply> AskAsync(ShardAddress address, ClusterCall call, PartCall? part, long required, long started, CancellationToken cancellationToken)
    {
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            return await AskAgainAsync(address, call, part, required, started, asking.Token);
        }
        finally
        {
            // The calls that are not waited for any more: what waits for its turn at a busy shard is then not made for nobody.
            await asking.CancelAsync();
        }
    }

    private async Task<ShardReply> AskAgainAsync(ShardAddress address, ClusterCall call, PartCall? part, long required, long started, CancellationToken cancellationToken)
    {
        var calls = new List<Task<Immutable<ShardReply>>>();
        var timeouts = 0;
        var isThere = false;
        for (var isFirst = true; ; isFirst = false)
        {
            var (client, begun, left) = (Client, _clock.GetTimestamp(), call.Timeout - _clock.GetElapsedTime(started));
            left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
            var (patience, way) = (PatienceOf(call, required, left, isThere), After(_way, Math.Max(0, timeouts - 1)));
            ShardReply reply;
            var mayAskAgain = false;
            try
            {
                var asked = new ShardCall(part is null ? call.Query : null, Math.Max(call.MinSequence.Number, required), call.Known, patience) { Part = part, IsLeftOutWhileLoading = call.AllowPartial };
                calls.Add(timeouts == 0 ? client.GetGrain<IShardGrain>(address.ToString()).SearchAsync(new(asked), cancellationToken) : AskByAnotherWayAsync(client, way, address, asked, cancellationToken));
                if (call.AllowPartial && timeouts == OtherWays)
                {
                    calls.Add(AskByAnotherWayAsync(client, After(way), address, asked, cancellationToken));
                }

                var limit = patience + LimitOf(call.AllowPartial, isFirst, timeouts);
                var answered = await Task.WhenAny(calls).WaitAsync(limit < left + Answering ? limit : left + Answering, _clock, cancellationToken);
                calls.Remove(answered);
                reply = (await answered).Value;
            }
            catch (Exception error) when (Unanswered.Is(error))
            {
                // Of the shard's node, or of the way to it: which cannot be told here, so the way is left only for this search.
                timeouts += error is TimeoutException ? 1 : 0;
                reply = new ShardReply(ShardOutcome.Failed, null, 0, 0) { Reason = $"its node {Unanswered.Say(error)}.", IsUnanswered = true };
                // The way to the shard may have led over the node that died, and another way is there; or its node lives and is busy.
                mayAskAgain = isFirst || (error is TimeoutException ? timeouts <= OtherWays : _clock.GetElapsedTime(started) < Attempt) || IsHeld(address, begun);
                // One time-out is ordinary: a search that takes longer than most.
                if ((error is TimeoutException ? timeouts > 1 : !isFirst) && IsToTell(ref _silenceToldAt))
                {
                    LogNotAnswered(address, error.Message);
                }
            }

            isThere = reply.Outcome == ShardOutcome.Behind;
            // The only one that is known, and it tells of others while it is loaded: all can be asked beside each other.
            var tellsOfOthers = part is null && reply.Shards > 1;
            if (reply.Outcome is ShardOutcome.Found or ShardOutcome.TooLarge || tellsOfOthers || reply.IsFinal || (call.AllowPartial && !mayAskAgain && !IsWaitedFor(call, required, reply)) || _clock.GetElapsedTime(started) + Pause >= call.Timeout)
            {
                return reply;
            }

            await Task.Delay(Pause, _clock, cancellationToken);
        }
    }

    /// <summary>What a call may take beside what the shard waits.</summary>
    private static TimeSpan LimitOf(bool mayBeMissing, bool isFirst, int timeouts) =>
        mayBeMissing && isFirst ? Lost
        : mayBeMissing && timeouts is > 0 and <= OtherWays ? Answering / OtherWays
        : Answering * (1 << Math.Clamp(timeouts - (mayBeMissing ? OtherWays : 1), 0, MostDoublings));

    // The client sends what concerns a shard by the same node each time, which may stand still while the shard's own is well: so another asks it.
    private async Task<Immutable<ShardReply>> AskByAnotherWayAsync(IClusterClient client, int way, ShardAddress address, ShardCall asked, CancellationToken cancellationToken)
    {
        try
        {
            var reply = await client.GetGrain<INodesGrain>(way).SearchAsync(address.ToString(), new(asked), cancellationToken);
            _way = way;
            return reply;
        }
        catch (Exception error) when (!Unanswered.Is(error) && !cancellationToken.IsCancellationRequested)
        {
            // A node of the version before does not know the question.
            return await client.GetGrain<IShardGrain>(address.ToString()).SearchAsync(new(asked), cancellationToken);
        }
    }

    /// <summary>What the shard may wait. One that is there and only has to come to a change is not missing yet, though it may be.</summary>
    /// <param name="isThere">It said just now that it is behind: its node lives, and is not asked more often than for a caller who needs all shards.</param>
    internal static TimeSpan PatienceOf(ClusterCall call, long required, TimeSpan left, bool isThere)
    {
        var most = !call.AllowPartial || required > 0 || (isThere && !call.MinSequence.IsNone) ? Attempt : call.MinSequence.IsNone ? TimeSpan.Zero : Glance;
        return left < most ? left : most;
    }

    /// <summary>
    /// It is there and has not come to the caller's token: a shard may be missing, and the token may not. One that has to come to a change because
    /// of another shard is missing when it has not within its patience.
    /// </summary>
    internal static bool IsWaitedFor(ClusterCall call, long required, ShardReply reply) => reply.Outcome == ShardOutcome.Behind && required <= call.MinSequence.Number;

    /// <summary>A node that was heard of since that moment has the shard whole in memory.</summary>
    private bool IsHeld(ShardAddress address, long since) =>
        _heard is { } heard && heard.AskedAt > since && heard.Nodes.Any(node => node.Shards.Any(shard => shard.IsReady && shard.Address == address.ToString()));

    /// <summary>Whether it is time to write it into the log.</summary>
    private bool IsToTell(ref long toldAt)
    {
        var last = Interlocked.Read(ref toldAt);
        return (last == 0 || _clock.GetElapsedTime(last) >= BetweenSilences) && Interlocked.CompareExchange(ref toldAt, _clock.GetTimestamp(), last) == last;
    }
}
