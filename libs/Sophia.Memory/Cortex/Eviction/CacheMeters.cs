using System.Diagnostics.Metrics;

namespace Sophia.Memory.Cortex.Eviction;

/// <summary>The cache in front of models, for OpenTelemetry.</summary>
internal sealed class CacheMeters : IDisposable
{
    private readonly Meter _meter = new("Sophia");

    public CacheMeters(Func<CacheReport> report)
    {
        _meter.CreateObservableGauge("sophia.cortex.cache.entries", () => report().Count, "{entry}", "Answers and vectors that are kept.");
        _meter.CreateObservableGauge("sophia.cortex.cache.used", () => report().Bytes, "By", "Bytes that they take: answer, vector of the prompt and what stands beside them.");
        _meter.CreateObservableGauge(
            "sophia.cortex.cache.budget", () => report().BudgetBytes is { } budget ? [new Measurement<long>(budget)] : Array.Empty<Measurement<long>>(), "By", "Bytes that they may take.");
        _meter.CreateObservableCounter(
            "sophia.cortex.cache.evictions", () => report().Evictions.Select(static e => new Measurement<long>(e.Value, new KeyValuePair<string, object?>("reason", e.Key))), "{entry}",
            "Answers and vectors that went to make room, by reason.");
    }

    public void Dispose() => _meter.Dispose();
}
