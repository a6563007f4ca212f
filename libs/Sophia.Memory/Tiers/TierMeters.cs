using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Sophia.Memory.Tiers;

/// <summary>The telemetry of the core: one meter and one activity source, both named Sophia, and the counters of each tier that runs.</summary>
public sealed class TierMeters : IDisposable
{
    /// <summary>The name under which meter and activity source are found.</summary>
    public const string SourceName = "Sophia";

    /// <summary>Traces of the tiers. Costs nothing while nobody listens.</summary>
    public static readonly ActivitySource Activities = new(SourceName);

    /// <summary>The meter of a memory that is not its process's first: nobody listens to it, so that no instrument is there twice.</summary>
    public const string SecondName = SourceName + ".Second";

    private readonly Meter _meter;

    public TierMeters(string name = SourceName)
    {
        _meter = new Meter(name);
        var duration = _meter.CreateHistogram(
            "sophia.tier.duration", "s", "Time of a visit to a tier.", tags: null,
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. LatencyHistogram.ReportedBoundsMs.Select(ms => ms / 1000)] });
        L0 = new TierMeter(_meter, duration, Tier.L0, "gpu memory", TimeSpan.FromMilliseconds(10));
        L1 = new TierMeter(_meter, duration, Tier.L1, "session cache", TimeSpan.FromMilliseconds(50));
        L2 = new TierMeter(_meter, duration, Tier.L2, "cortex cache", TimeSpan.FromMilliseconds(100));
        L3 = new TierMeter(_meter, duration, Tier.L3, "persistent memory", TimeSpan.FromMilliseconds(200));
    }

    public TierMeter L0 { get; }

    public TierMeter L1 { get; }

    public TierMeter L2 { get; }

    public TierMeter L3 { get; }

    public Meter Meter => _meter;

    public void Dispose() => _meter.Dispose();
}
