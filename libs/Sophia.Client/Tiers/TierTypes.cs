using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <param name="LeMs">The upper bound of the bucket in ms; null for the last.</param>
public sealed record LatencyBucket(double? LeMs, long Count);

/// <summary>How long a tier took, over the life of the process.</summary>
public sealed record TierLatency(
    long Count, double? P50Ms, double? P95Ms, double? P99Ms, long OverBudget, IReadOnlyList<LatencyBucket>? Buckets);

/// <summary>One tier and how it does.</summary>
/// <param name="State"><c>healthy</c>, <c>degraded</c>, <c>down</c> or <c>off</c>.</param>
/// <param name="HitRatio">0–1; null before the first request.</param>
/// <param name="LimitBytes">0 or null: no limit of its own.</param>
public sealed record TierStatus(
    string Tier, string? Name, string? Engine, string State, string? Reason, double? BudgetMs, long Hits, long Misses,
    double? HitRatio, long Promotions, IReadOnlyDictionary<string, long>? Evictions, long Errors, long? UsedBytes,
    long? LimitBytes, TierLatency? Latency);

public sealed record LogStatus(double? LagMs, long? Entries);

/// <summary>The process whose counters these are: of several behind one address, or before a restart, another.</summary>
public sealed record ProcessStatus(string Id, DateTimeOffset StartedAt);

public sealed record TierReport([property: JsonRequired] IReadOnlyList<TierStatus> Tiers, LogStatus? Log, ProcessStatus? Process = null);

/// <summary>Whether the service is ready, and what it says of each tier.</summary>
/// <param name="Ready">False when it answered 503.</param>
/// <param name="Details">The answer as it came; undefined when it was not JSON.</param>
public sealed record HealthReport(bool Ready, JsonElement Details);
