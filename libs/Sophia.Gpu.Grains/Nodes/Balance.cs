using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>
/// Which shard to move next, if any.
/// <list type="number">
/// <item>Away from a node that fails, by a device or by not reading the log: the largest that another has room for, to the one with the most room.</item>
/// <item>Away from a node whose shards have grown beyond its room: likewise, the smallest that is enough.</item>
/// <item>From the fullest node to the emptiest, the shard whose move brings the two closest together, until the fullest has at most
/// <see cref="Target"/> times the emptiest's bytes, or no single move makes it better; only while every node is heard of.</item>
/// </list>
/// </summary>
internal static class Balance
{
    /// <summary>Below the 1.25 that is promised, so that ordinary growth does not break it at once.</summary>
    public const double Target = 1.15;

    /// <summary>Differences below are not worth a move.</summary>
    public const long Least = 256 << 10;

    public readonly record struct Move<TNode>(string Shard, TNode From, TNode To);

    /// <param name="loads">Of the nodes that are heard of.</param>
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

    private static Move<TNode>? Even<TNode>(IReadOnlyDictionary<TNode, NodeLoad> loads, KeyValuePair<TNode, NodeLoad>[] targets)
        where TNode : notnull
    {
        var (full, most) = loads.MaxBy(static node => node.Value.Used);
        var (empty, least) = targets.MinBy(static node => node.Value.Used);
        var difference = most.Used - least.Used;
        if (difference < Least || most.Used <= least.Used * Target)
        {
            return null;
        }

        // Moving b leaves |difference - 2b| between the two: better than now for any b below the difference.
        return Movable(most, Math.Min(difference, least.Room)).MinBy(shard => Math.Abs(difference - (2 * shard.Bytes))) is { } best
            ? new Move<TNode>(best.Address, full, empty) : null;
    }

    private static IEnumerable<HeldShard> Movable(NodeLoad load, long below) =>
        load.Shards.Value.Where(shard => shard is { IsServed: true, IsReady: true, Bytes: > 0 } && shard.Bytes < below);
}
