using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>
/// Which shard to move next, if any.
/// <list type="number">
/// <item>Away from a node that fails, by a device or by not reading the log: the largest that another has room for, to the one with the most room.</item>
/// <item>Away from a node whose shards have grown beyond its room: likewise, the smallest that is enough.</item>
/// <item>From the fullest node that has one to move to the emptiest that has room for it, the shard whose move brings the two closest together,
/// until the fullest has at most <see cref="Target"/> times the emptiest's bytes, or no single move makes it better; only while it is known what
/// every node holds.</item>
/// </list>
/// </summary>
internal static class Balance
{
    /// <summary>Below the 1.25 that is promised, so that ordinary growth does not break it at once.</summary>
    public const double Target = 1.15;

    /// <summary>Differences below are not worth a move.</summary>
    public const long Least = 256 << 10;

    public readonly record struct Move<TNode>(string Shard, TNode From, TNode To);

    /// <param name="loads">Of the nodes that are known of.</param>
    /// <param name="areAll">False while there are others: one of them may be the emptiest.</param>
    public static Move<TNode>? Next<TNode>(IReadOnlyDictionary<TNode, NodeLoad> loads, bool areAll = true)
        where TNode : notnull
    {
        var targets = loads.Where(static node => node.Value is { TakesShards: true, Room: > 0 }).ToArray();
        if (targets.Length == 0)
        {
            return null;
        }

        var roomiest = targets.MaxBy(static node => node.Value.Room);
        foreach (var (from, load) in loads)
        {
            if (load.Failure is not null && Movable(load, roomiest.Value.Room).MaxBy(static shard => shard.Bytes) is { } any)
            {
                return new Move<TNode>(any.Address, from, roomiest.Key);
            }

            if (load.Room < 0 && Movable(load, roomiest.Value.Room).OrderBy(shard => shard.Bytes < -load.Room).ThenBy(shard => Math.Abs(shard.Bytes + load.Room)).FirstOrDefault() is { } fitting)
            {
                return new Move<TNode>(fitting.Address, from, roomiest.Key);
            }
        }

        return areAll ? Even(loads, targets) : null;
    }

    /// <summary>The loads as they will be when the move is made; the shard is then not moved on before its new node says that it serves it.</summary>
    public static void Make<TNode>(IDictionary<TNode, NodeLoad> loads, Move<TNode> move)
        where TNode : notnull
    {
        if (!loads.TryGetValue(move.From, out var from) || from.Shards.Value.Find(shard => shard.Address == move.Shard) is not { } moving)
        {
            return;
        }

        loads[move.From] = from.With([.. from.Shards.Value.Where(shard => shard != moving)]);
        if (loads.TryGetValue(move.To, out var to))
        {
            loads[move.To] = to.With([.. to.Shards.Value.Where(shard => shard.Address != move.Shard), moving with { IsServed = false }]);
        }
    }

    // A node whose shards cannot move, such as one with a single large shard, leaves its turn to the next fullest, and one without room to the
    // next emptiest. Each move brings two nodes closer, so it lessens the sum of the squares of what nodes use: they come to an end.
    private static Move<TNode>? Even<TNode>(IReadOnlyDictionary<TNode, NodeLoad> loads, KeyValuePair<TNode, NodeLoad>[] targets)
        where TNode : notnull
    {
        var emptiestFirst = targets.Select(static node => (node.Key, node.Value.Used, node.Value.Room)).OrderBy(static node => node.Used).ToArray();
        foreach (var (full, load, used) in loads.Select(static node => (node.Key, node.Value, node.Value.Used)).OrderByDescending(static node => node.Used))
        {
            foreach (var (empty, least, room) in emptiestFirst)
            {
                var difference = used - least;
                if (difference < Least || used <= least * Target)
                {
                    break;
                }

                // Moving b leaves |difference - 2b| between the two: better than now for any b below the difference. Of two as good, the smaller.
                if (Movable(load, Math.Min(difference, room)).MinBy(shard => (Math.Abs(difference - (2 * shard.Bytes)), shard.Bytes)) is { } best)
                {
                    return new Move<TNode>(best.Address, full, empty);
                }
            }
        }

        return null;
    }

    private static IEnumerable<HeldShard> Movable(NodeLoad load, long below) =>
        load.Shards.Value.Where(shard => shard is { IsServed: true, IsReady: true, Bytes: > 0 } && shard.Bytes < below);
}
