using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>
/// Moves of shards, beside what else their owner does: the node that a shard goes to may take minutes to load it.
/// <list type="number">
/// <item><see cref="Most"/> at a time: one a look would take a thousand small shards a quarter of an hour, and a large one would hold up all others.
/// One of them at most is <see cref="Large"/>: all may go to the same node, one that joined, which is also where new shards are placed.</item>
/// <item>A move counts as made from its beginning on, and until the node that the shard leaves no longer says that it serves it, so that the next
/// is chosen by what the nodes will hold.</item>
/// <item>A node to which a move failed is left out for a while, so that the others get their turn.</item>
/// </list>
/// </summary>
/// <param name="make">Makes a move; returns when the shard is where it goes, or throws.</param>
internal sealed partial class ShardMoves(Func<Balance.Move<SiloAddress>, Task> make, TimeProvider clock, ILogger logger)
{
    /// <summary>Half of the turns that a node of few processors has for loading shards (ShardDirectory.LoadsAtOnce): the others are for shards that somebody waits for.</summary>
    public const int Most = 4;

    /// <summary>Bytes beyond which a shard takes a minute or more to load, and its turn for as long.</summary>
    public const long Large = 1L << 30;

    private static readonly TimeSpan LeftOut = TimeSpan.FromMinutes(1);

    /// <summary>A node that a shard has left says so at the next look; one that takes longer serves it again.</summary>
    private static readonly TimeSpan Leaving = TimeSpan.FromSeconds(10);

    private readonly ILogger _logger = logger;
    private readonly ConcurrentDictionary<SiloAddress, long> _failedAt = new();
    private readonly Dictionary<string, (Balance.Move<SiloAddress> Move, bool IsLarge, Task<long?> Ended)> _begun = [];

    /// <summary>Begins what is to be moved next, as far as there are not too many moves under way.</summary>
    /// <inheritdoc cref="Balance.Next"/>
    public void Next(IReadOnlyDictionary<SiloAddress, NodeLoad> loads, bool areAll)
    {
        foreach (var (shard, (move, _, ended)) in _begun)
        {
            if (ended.IsCompleted && (ended.Result is not { } at || clock.GetElapsedTime(at) >= Leaving || !Serves(loads, move)))
            {
                _begun.Remove(shard);
            }
        }

        var coming = new Dictionary<SiloAddress, NodeLoad>(Open(loads));
        foreach (var (move, _, _) in _begun.Values)
        {
            Balance.Make(coming, move);
        }

        while (_begun.Values.Count(static begun => !begun.Ended.IsCompleted) < Most && Balance.Next(Movable(coming), areAll) is { } move)
        {
            var isLarge = coming[move.From].Shards.Value.Exists(shard => shard.Address == move.Shard && shard.Bytes > Large);
            Balance.Make(coming, move);
            _begun[move.Shard] = (move, isLarge, MoveAsync(move));
        }
    }

    /// <summary>Completes when the moves that are under way have ended, one way or the other.</summary>
    public Task EndAsync() => Task.WhenAll(_begun.Values.Select(static begun => begun.Ended));

    // What is not served is not moved, and counts all the same.
    private Dictionary<SiloAddress, NodeLoad> Movable(Dictionary<SiloAddress, NodeLoad> loads) =>
        !_begun.Values.Any(static begun => begun.IsLarge && !begun.Ended.IsCompleted) ? loads
            : loads.ToDictionary(static node => node.Key, static node => node.Value with
            {
                Shards = new([.. node.Value.Shards.Value.Select(static shard => shard.Bytes > Large ? shard with { IsServed = false } : shard)]),
            });

    private static bool Serves(IReadOnlyDictionary<SiloAddress, NodeLoad> loads, Balance.Move<SiloAddress> move) =>
        loads.TryGetValue(move.From, out var load) && load.Shards.Value.Exists(shard => shard.IsServed && shard.Address == move.Shard);

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

    /// <returns>When it was made; null: it failed.</returns>
    private async Task<long?> MoveAsync(Balance.Move<SiloAddress> move)
    {
        try
        {
            await make(move).ConfigureAwait(false);
            return clock.GetTimestamp();
        }
        catch (Exception error)
        {
            // A node that dies meanwhile is ordinary here.
            _failedAt[move.To] = clock.GetTimestamp();
            LogNotMoved(move.Shard, move.From, move.To, error.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard} did not move from {From} to {To}: {Reason}")]
    private partial void LogNotMoved(string shard, SiloAddress from, SiloAddress to, string reason);
}
