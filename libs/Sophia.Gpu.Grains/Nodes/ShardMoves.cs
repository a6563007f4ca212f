using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>
/// Moves of shards, one at a time and beside what else its owner does: the node that a shard goes to may take minutes to load it. One to which a
/// move failed is left out for a while, so that the others get their turn.
/// </summary>
/// <param name="make">Makes a move; returns when the shard is where it goes, or throws.</param>
internal sealed partial class ShardMoves(Func<Balance.Move<SiloAddress>, Task> make, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan LeftOut = TimeSpan.FromMinutes(1);
    private readonly ILogger _logger = logger;
    private readonly ConcurrentDictionary<SiloAddress, long> _failedAt = new();
    private Task _moving = Task.CompletedTask;

    /// <summary>Begins what is to be moved next, unless a move is under way.</summary>
    /// <inheritdoc cref="Balance.Next"/>
    public void Next(IReadOnlyDictionary<SiloAddress, NodeLoad> loads, bool areAll)
    {
        if (_moving.IsCompleted && Balance.Next(Open(loads), areAll) is { } move)
        {
            _moving = MoveAsync(move);
        }
    }

    /// <summary>Completes when the move that is under way has ended, one way or the other.</summary>
    public Task EndAsync() => _moving;

    private IReadOnlyDictionary<SiloAddress, NodeLoad> Open(IReadOnlyDictionary<SiloAddress, NodeLoad> loads)
    {
        foreach (var (node, at) in _failedAt)
        {
            if (clock.GetElapsedTime(at) >= LeftOut)
            {
                _failedAt.TryRemove(node, out _);
            }
        }

        return _failedAt.IsEmpty ? loads
            : loads.ToDictionary(static node => node.Key, node => _failedAt.ContainsKey(node.Key) ? node.Value with { TakesShards = false } : node.Value);
    }

    private async Task MoveAsync(Balance.Move<SiloAddress> move)
    {
        try
        {
            await make(move).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // A node that dies meanwhile is ordinary here.
            _failedAt[move.To] = clock.GetTimestamp();
            LogNotMoved(move.Shard, move.From, move.To, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard} did not move from {From} to {To}: {Reason}")]
    private partial void LogNotMoved(string shard, SiloAddress from, SiloAddress to, string reason);
}
