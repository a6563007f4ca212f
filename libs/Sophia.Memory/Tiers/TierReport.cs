namespace Sophia.Memory.Tiers;

public enum TierState
{
    Healthy,

    /// <summary>It works, but not as it should; the reason says how.</summary>
    Degraded,

    Down,

    /// <summary>Not configured.</summary>
    Off,
}

/// <summary>One tier at one moment.</summary>
/// <param name="UsedBytes">Null when the engine cannot tell.</param>
/// <param name="LimitBytes">Null when there is none or the engine cannot tell.</param>
public sealed record TierReport(
    Tier Tier, string Name, string Engine, TierState State, string? Reason, TimeSpan Budget, long Hits, long Misses,
    long Promotions, IReadOnlyDictionary<string, long> Evictions, long Errors, long? UsedBytes, long? LimitBytes,
    LatencyReport Latency);

/// <param name="LogLag">How far the slowest cursor of this process is behind the log.</param>
/// <param name="LogEntries">Changes in the log so far, all partitions together.</param>
/// <param name="IsReady">False when neither reads nor writes can be served.</param>
public sealed record TiersReport(IReadOnlyList<TierReport> Tiers, TimeSpan LogLag, long LogEntries, bool IsReady);
