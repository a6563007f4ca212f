using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Sophia.Memory.Tiers;

namespace Sophia.Bench.Whole;

/// <summary>What the product's own meters say of scans while this is there: by whom searches were answered, and what went to devices.</summary>
internal sealed class MeteredScans : IDisposable
{
    private const string Prefix = "sophia.vector.";
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(string Name, object? Kind), long> _sums = new();

    public MeteredScans()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == TierMeters.SourceName && instrument.Name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            _sums.AddOrUpdate((instrument.Name[Prefix.Length..], tags.Length == 0 ? null : tags[0].Value), static (_, value) => value, static (_, sum, value) => sum + value, value));
        _listener.Start();
    }

    /// <summary>Devices answered every search, from what stood on them.</summary>
    public bool AreDevicesOwn => _sums.Where(static sum => sum.Value > 0).Select(static sum => sum.Key).ToList() is var counted && counted.Contains(("scans", "device")) &&
        counted.TrueForAll(static key => key is (not ("scans" or "device.handed_back" or "device.streamed" or "device.uploaded"), _) or ("scans", "device"));

    public void Clear() => _sums.Clear();

    public override string ToString() => string.Join("; ", _sums.Where(static sum => sum.Value > 0).OrderBy(static sum => $"{sum.Key}", StringComparer.Ordinal).Select(static sum =>
        string.Create(CultureInfo.InvariantCulture, $"{sum.Key.Name}{(sum.Key.Kind is { } kind ? $" {kind}" : "")} {sum.Value:N0}")));

    public void Dispose() => _listener.Dispose();
}
