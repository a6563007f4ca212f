using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Sophia.Gpu.Grains.Shards;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>
/// Hears of every node's load each second, for the placement. The node with the lowest address also empties nodes whose device fails and
/// evens the loads out, beside its looks: the shard is loaded where it goes, then its grain moves, so that it is never missing. Should two nodes think that they are the
/// lowest for a moment, they move a shard more than was needed.
/// </summary>
internal sealed partial class NodeWatch(
    NodeLoads loads, NodeSurvey survey, NodeClient nodes, ILocalSiloDetails here, IGrainFactory grains, ShardHost host, TimeProvider clock,
    ILogger<NodeWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);
    private readonly ILogger _logger = logger;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var moves = new ShardMoves(move => MoveAsync(move).WaitAsync(stoppingToken), clock, _logger);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                try
                {
                    await LookAsync(moves, stoppingToken).ConfigureAwait(false);
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested)
                {
                    // A node that dies while it is asked is ordinary here; the next look is a second away.
                    LogNotBalanced(error.Message);
                }
            }
        }
        finally
        {
            await moves.EndAsync().ConfigureAwait(false);
        }
    }

    private async Task LookAsync(ShardMoves moves, CancellationToken cancellationToken)
    {
        var (active, known) = await survey.AskAllAsync(cancellationToken).ConfigureAwait(false);
        loads.Set(active, known);
        if (active.Min() is { } lowest && lowest.Equals(here.SiloAddress))
        {
            var held = loads.Known(known);
            moves.Next(held, areAll: held.Count == active.Count);
        }

        foreach (var displaced in await host.TidyAsync().ConfigureAwait(false))
        {
            await LeaveAsync(displaced, cancellationToken).ConfigureAwait(false);
        }
    }

    // Its next caller has it placed anew, where there is room. One that cannot be told does not hold up the others.
    private async Task LeaveAsync(ShardAddress displaced, CancellationToken cancellationToken)
    {
        try
        {
            await grains.GetGrain<IShardGrain>(displaced.ToString()).LeaveAsync(always: false).WaitAsync(NodeSurvey.Patience, clock, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (Unanswered.Is(error))
        {
            LogNotLeft(displaced, error.Message);
        }
    }

    private async Task MoveAsync(Balance.Move<SiloAddress> move)
    {
        await nodes[move.To].PrepareAsync(move.Shard).ConfigureAwait(false);
        if (!(await nodes[move.From].LoadAsync().ConfigureAwait(false)).Shards.Value.Exists(shard => shard.IsServed && shard.Address == move.Shard))
        {
            // Evicted meanwhile: it shall not come back by being moved. One that was just moved is served nowhere for a moment.
            LogNotServed(move.Shard, move.From, move.To);
            await Task.Delay(Settling, clock).ConfigureAwait(false);
            await nodes[move.To].ForgoAsync(move.Shard).ConfigureAwait(false);
            return;
        }

        await grains.GetGrain<IShardGrain>(move.Shard).MoveAsync(move.To).ConfigureAwait(false);
        LogMoved(move.Shard, move.From, move.To);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Shard {Shard} moves from {From} to {To}.")]
    private partial void LogMoved(string shard, SiloAddress from, SiloAddress to);

    [LoggerMessage(Level = LogLevel.Information, Message = "Shard {Shard} moves no more from {From} to {To}, where it is loaded: it was evicted, or its grain ended with a node that died and is placed anew.")]
    private partial void LogNotServed(string shard, SiloAddress from, SiloAddress to);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard} made room for others and is still placed here: {Reason}")]
    private partial void LogNotLeft(ShardAddress shard, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The loads of the nodes were not evened out this time: {Reason}")]
    private partial void LogNotBalanced(string reason);
}
