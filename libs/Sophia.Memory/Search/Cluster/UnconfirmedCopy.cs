using Sophia.Memory.Tiers;

namespace Sophia.Memory.Search.Cluster;

/// <summary>What may hold a copy of something that was erased: it did not say in time that it has come to the erasure.</summary>
/// <param name="Node">Null: this process, or nobody knows which.</param>
/// <param name="Shard">Its number in the namespace; null: all that is there.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record UnconfirmedCopy(Tier Tier, string? Node, int? Shard, string Reason);
