using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <summary>What to erase. Exactly one of <see cref="Keys"/>, <see cref="Prefix"/>, <see cref="Filter"/>, <see cref="All"/> is set.</summary>
public sealed record ForgetRequest
{
    public IReadOnlyList<string>? Keys { get; init; }
    public string? Prefix { get; init; }
    public MemoryFilter? Filter { get; init; }
    public bool? All { get; init; }

    /// <summary>Only say what would go.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What went, tier by tier.</summary>
public sealed record ErasedCounts(long Records, long Versions, long Vectors, long L1, long Near, long L0, long LogTombstones, long Snowflake = 0);

/// <summary>What was erased or, in a dry run, would be.</summary>
/// <param name="Matched">Records.</param>
/// <param name="Keys">The first 100 of them.</param>
/// <param name="StillHeldBy">What may still hold copies that the service cannot erase, such as backups.</param>
public sealed record ForgetReport(
    bool DryRun, [property: JsonRequired] long Matched, IReadOnlyList<string>? Keys, ErasedCounts? Erased, IReadOnlyList<string>? StillHeldBy, string? Sequence)
{
    /// <summary>What did not confirm in time that its copies are gone.</summary>
    public IReadOnlyList<UnconfirmedCopy> NotConfirmed { get => field ?? []; init; }
}

/// <param name="Tier">L0 to L5.</param>
/// <param name="Node">Null: the service that answered, or not known.</param>
/// <param name="Shard">Its number in the namespace; null: all that is there.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record UnconfirmedCopy(string Tier, string? Node, int? Shard, string Reason);
