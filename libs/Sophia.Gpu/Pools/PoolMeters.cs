using System.Diagnostics.Metrics;
using Sophia.Memory.Tiers;

namespace Sophia.Gpu.Pools;

/// <summary>What pools say when runs of pages come back, under the meter of the tiers; what they hold is measured by <see cref="GpuNode"/>.</summary>
internal static class PoolMeters
{
    private static readonly Meter Meter = new(TierMeters.SourceName);
    private static readonly InstrumentAdvice<double> Buckets = new() { HistogramBucketBoundaries = [.. DurationHistogram.Bounds] };

    public static readonly Histogram<double> Lifetime = Meter.CreateHistogram(
        "sophia.pool.page.lifetime", "s", "From the allocation of a run of pages to its return.", tags: null, advice: Buckets);

    public static readonly Histogram<double> Idle = Meter.CreateHistogram(
        "sophia.pool.page.idle", "s", "From the last use of a run of pages to its eviction.", tags: null, advice: Buckets);
}
