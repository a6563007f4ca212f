using System.Diagnostics.Metrics;
using Sophia.Memory.Tiers;

namespace Sophia.Bench.Vectors;

/// <summary>What the scans count of themselves, as any listener of the meter sees it.</summary>
internal sealed class ScanCounts : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _counts = [];

    public ScanCounts()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == TierMeters.SourceName && instrument.Name.StartsWith("sophia.vector.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var name = tags.Length > 0 ? (string)tags[0].Value! : instrument.Name;
            lock (_counts)
            {
                _counts[name] = _counts.GetValueOrDefault(name) + value;
            }
        });
        _listener.Start();
    }

    public long Queries => Of("certified") + Of("taken-over") + Of("float32");

    /// <summary>The part of the queries that codes left to float32.</summary>
    public double TakenOver => Of("taken-over") / (double)Queries;

    public long Rescored => Of("sophia.vector.rescored");

    public void Clear()
    {
        lock (_counts)
        {
            _counts.Clear();
        }
    }

    public void Dispose() => _listener.Dispose();

    private long Of(string name)
    {
        lock (_counts)
        {
            return _counts.GetValueOrDefault(name);
        }
    }
}
