using System.Diagnostics.Metrics;
using System.Globalization;
using Sophia.Memory.Tiers;

namespace Sophia.Bench.Whole;

/// <summary>What the product's own meters say of scans while this is there: by whom searches were answered, and what went to devices.</summary>
internal sealed class MeteredScans : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, long> _sums = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    public MeteredScans()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == TierMeters.SourceName && instrument.Name.StartsWith("sophia.vector.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var name = tags.Length == 0 ? instrument.Name : $"{instrument.Name} {string.Join(" ", tags.ToArray().Select(static tag => tag.Value))}";
            lock (_lock)
            {
                _sums[name] = _sums.GetValueOrDefault(name) + value;
            }
        });
        _listener.Start();
    }

    public void Clear()
    {
        lock (_lock)
        {
            _sums.Clear();
        }
    }

    public override string ToString()
    {
        lock (_lock)
        {
            return string.Join("; ", _sums.Select(static sum => string.Create(CultureInfo.InvariantCulture, $"{sum.Key["sophia.vector.".Length..]} {sum.Value:N0}")));
        }
    }

    public void Dispose() => _listener.Dispose();
}
