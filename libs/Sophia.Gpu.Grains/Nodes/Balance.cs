using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>
/// Which shard to move next, if any: from the fullest node to the emptiest, the shard whose move brings the two closest together.
/// Done when the fullest has at most <see cref="Target"/> times the emptiest's bytes, or no single move makes it better.
/// </summary>
internal static class Balance
{
    /// <summary>Below the 1.25 that is promised, so that ordinary growth does not break it at once.</summary>
    public const double Target = 1.15;

    /// <summary>Differences below are not worth a move.</summary>
    public const long Least = 256 << 10;

    public readonly record struct Move<TNode>(string Shard, TNode From, TNode To);

    public static Move<TNode>? Next<TNode>(IReadOnlyDictionary<TNode, NodeLoad> loads)
        where TNode : notnull
    {
        if (loads.Count < 2)
        {
            return null;
        }

        var (full, most) = loads.MaxBy(static node => node.Value.Used);
        var (empty, least) = loads.MinBy(static node => node.Value.Used);
        var difference = most.Used - least.Used;
        if (difference < Least || most.Used <= least.Used * Target)
        {
            return null;
        }

        HeldShard? best = null;
        foreach (var shard in most.Shards.Value)
        {
            // Moving b leaves |difference - 2b| between the two: better than now for any b below the difference.
            if (shard is { IsServed: true, IsReady: true, Bytes: > 0 } && shard.Bytes < difference && shard.Bytes < least.Free &&
                (best is null || Math.Abs(difference - (2 * shard.Bytes)) < Math.Abs(difference - (2 * best.Bytes))))
            {
                best = shard;
            }
        }

        return best is null ? null : new Move<TNode>(best.Address, full, empty);
    }
}
