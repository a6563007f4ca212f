using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Sophia.Memory.Tiers;

/// <summary>Why something left a tier.</summary>
public enum EvictionReason
{
    /// <summary>There was no room and others were worth more.</summary>
    Capacity,

    /// <summary>Its time ran out.</summary>
    Expired,

    /// <summary>A newer version, a delete or a forget made it wrong.</summary>
    Invalidated,

    /// <summary>An operator asked for it.</summary>
    Requested,

    /// <summary>It was not used for long and memory was short.</summary>
    Cold,
}

/// <summary>The counters of one tier: the same numbers for /v1/tiers and for OpenTelemetry.</summary>
public sealed class TierMeter
{
    private readonly StripedCounter _hits = new();
    private readonly StripedCounter _misses = new();
    private readonly StripedCounter _promotions = new();
    private readonly StripedCounter _errors = new();
    private readonly StripedCounter[] _evictions = [.. Enum.GetValues<EvictionReason>().Select(_ => new StripedCounter())];
    private readonly LatencyHistogram _latency = new();
    private readonly Histogram<double> _exported;
    private readonly KeyValuePair<string, object?> _tag;

    internal TierMeter(Meter meter, Histogram<double> exported, Tier tier, string name, TimeSpan budget)
    {
        (Tier, Name, Budget, _exported) = (tier, name, budget, exported);
        _tag = new("tier", tier.ToString());
        meter.CreateObservableCounter("sophia.tier.hits", () => new Measurement<long>(Hits, _tag), "{hit}", "Reads that the tier answered.");
        meter.CreateObservableCounter("sophia.tier.misses", () => new Measurement<long>(Misses, _tag), "{miss}", "Reads that the tier could not answer.");
        meter.CreateObservableCounter("sophia.tier.promotions", () => new Measurement<long>(Promotions, _tag), "{item}", "Items that moved up into the tier.");
        meter.CreateObservableCounter("sophia.tier.errors", () => new Measurement<long>(Errors, _tag), "{error}", "Visits that failed or timed out.");
        meter.CreateObservableCounter(
            "sophia.tier.evictions",
            () => Enum.GetValues<EvictionReason>().Select(r => new Measurement<long>(_evictions[(int)r].Sum(), _tag, new("reason", NameOf(r)))),
            "{item}", "Items that left the tier, by reason.");
    }

    public Tier Tier { get; }

    public string Name { get; }

    public TimeSpan Budget { get; }

    public long Hits => _hits.Sum();

    public long Misses => _misses.Sum();

    public long Promotions => _promotions.Sum();

    public long Errors => _errors.Sum();

    public IReadOnlyDictionary<string, long> Evictions =>
        Enum.GetValues<EvictionReason>().ToDictionary(NameOf, r => _evictions[(int)r].Sum());

    public LatencyReport Latency => _latency.Report(Budget);

    /// <summary>The tier answered; this time was not taken.</summary>
    public void Hit() => _hits.Add(1);

    /// <summary>The tier answered.</summary>
    /// <param name="ticks">How long it took, in <see cref="Stopwatch"/> ticks.</param>
    public void Hit(long ticks)
    {
        _hits.Add(1);
        Time(ticks);
    }

    /// <summary>The tier had no answer.</summary>
    public void Miss(long ticks)
    {
        _misses.Add(1);
        Time(ticks);
    }

    /// <summary>The tier had no answer; this time was not taken.</summary>
    public void Miss() => _misses.Add(1);

    /// <summary>A visit that neither hits nor misses, such as a write.</summary>
    public void Time(long ticks)
    {
        _latency.Record(ticks);
        if (_exported.Enabled)
        {
            _exported.Record((double)ticks / Stopwatch.Frequency, _tag);
        }
    }

    public void Promote(int count = 1) => _promotions.Add(count);

    public void Fail() => _errors.Add(1);

    public void Evict(EvictionReason reason, int count = 1) => _evictions[(int)reason].Add(count);

    private static string NameOf(EvictionReason reason) => reason switch
    {
        EvictionReason.Capacity => "capacity",
        EvictionReason.Expired => "expired",
        EvictionReason.Invalidated => "invalidated",
        EvictionReason.Requested => "requested",
        _ => "cold",
    };
}
