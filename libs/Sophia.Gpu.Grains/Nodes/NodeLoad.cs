using Orleans.Concurrency;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>What a node holds and could still take.</summary>
/// <param name="Free">Bytes of its vector pools that are not allocated.</param>
[GenerateSerializer]
[Alias("sophia.load")]
internal sealed record NodeLoad([property: Id(0)] long Free, [property: Id(1)] Immutable<List<HeldShard>> Shards)
{
    /// <summary>Bytes that its shards may still take in memory; negative when they take more than they may.</summary>
    [Id(2)]
    public long Room { get; init; } = long.MaxValue;

    /// <summary>What is wrong with a device of the node, or with its reading of the log; null while it is well.</summary>
    [Id(3)]
    public string? Failure { get; init; }

    /// <summary>False while the node fails, and for a while after it.</summary>
    [Id(4)]
    public bool TakesShards { get; init; } = true;

    /// <summary>As it is configured; null of a version that does not say.</summary>
    [Id(5)]
    public string? Name { get; init; }

    /// <summary>The node with other shards: what these take it has less, or more, room for.</summary>
    public NodeLoad With(List<HeldShard> shards) =>
        this with { Shards = new(shards), Room = Room == long.MaxValue ? Room : Room + Used - shards.Sum(static shard => shard.Bytes) };

    public long Used => Shards.Value.Sum(static shard => shard.Bytes);
}
