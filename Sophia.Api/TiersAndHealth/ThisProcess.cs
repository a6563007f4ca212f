using System.Diagnostics.Metrics;

namespace Sophia.Api.TiersAndHealth;

/// <summary>
/// This process, as it is told apart from others behind the same address: whoever takes the difference of two counters must
/// know that both are of one process.
/// </summary>
internal sealed class ThisProcess : IDisposable
{
    private readonly Meter _meter = new("Sophia");

    public ThisProcess(TimeProvider clock)
    {
        StartedAt = clock.GetUtcNow();
        _meter.CreateObservableGauge("sophia.process.start_time", () => StartedAt.ToUnixTimeMilliseconds() / 1000.0, "s", "When the process started, in seconds since 1970.");
    }

    public string Id { get; } = Guid.NewGuid().ToString("n");

    public DateTimeOffset StartedAt { get; }

    public void Dispose() => _meter.Dispose();
}
