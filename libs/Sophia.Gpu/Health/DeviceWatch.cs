using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;
using Sophia.Memory.Tiers;

namespace Sophia.Gpu.Health;

/// <summary>What the last check of a device found.</summary>
public sealed record DeviceState(DeviceCheck Check, DateTimeOffset At);

/// <summary>
/// Runs a kernel on each device when it is made and every minute from then on, and compares what it computed. A device may
/// answer its driver and compute nothing (CUDA error 802 does that). One that fails is left out until it computes again (<see cref="DeviceGate"/>).
/// </summary>
public sealed partial class DeviceWatch : IDisposable
{
    /// <summary>Between two checks of a device.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, DeviceState> _states = new(StringComparer.Ordinal);
    private readonly GpuNode _node;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Meter _meter = new(TierMeters.SourceName);
    private readonly ITimer _timer;
    private int _checking;

    public DeviceWatch(GpuNode node, TimeProvider clock, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(clock);
        (_node, _clock, _logger) = (node, clock, logger);
        foreach (var device in node.Devices)
        {
            device.Gate.Changed += failure => Changed(_logger, device.Name, failure is null ? "is used again" : $"is left out: {failure}");
        }

        CheckAll();
        _meter.CreateObservableGauge(
            "sophia.device.healthy", () => _states.Select(s => new Measurement<int>(s.Value.Check.IsHealthy ? 1 : 0, new KeyValuePair<string, object?>("device", s.Key))), null,
            "1 when the device's last check computed what it must, 0 when not.");
        _timer = clock.CreateTimer(_ => CheckAll(), null, Interval, Interval);
    }

    /// <summary>The last check of a device of the node, by its name.</summary>
    public DeviceState this[string device] => _states[device];

    /// <summary>Null when every device computes; otherwise what the first that does not said.</summary>
    public string? Failure => _node.Devices.Select(d => _states[d.Name].Check.Failure is { } failure ? $"{d.Name}: {failure}" : null).FirstOrDefault(f => f is not null);

    public void Dispose()
    {
        _timer.Dispose();
        _meter.Dispose();
    }

    private void CheckAll()
    {
        // A check that hangs must not pile up others behind it.
        if (Interlocked.Exchange(ref _checking, 1) != 0)
        {
            return;
        }

        try
        {
            foreach (var device in _node.Devices)
            {
                var check = device.Device.Check();
                var before = _states.GetValueOrDefault(device.Name)?.Check.IsHealthy ?? true;
                _states[device.Name] = new DeviceState(check, _clock.GetUtcNow());
                if (check.Failure is { } failure)
                {
                    device.Gate.Close(failure);
                }
                else
                {
                    // One that nobody asks for is found well here.
                    _ = device.Gate.TryEnter();
                }

                if (before != check.IsHealthy)
                {
                    Changed(_logger, device.Name, check.Failure ?? "computes again");
                }
            }
        }
        finally
        {
            Volatile.Write(ref _checking, 0);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Device {Device}: {What}")]
    private static partial void Changed(ILogger logger, string device, string what);
}
