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
/// answer its driver and compute nothing (CUDA error 802 does that). One that fails is left out until it computes again
/// (<see cref="DeviceGate"/>), which is tried though nobody asks for it; one whose check does not end is left out, too.
/// </summary>
public sealed partial class DeviceWatch : IDisposable
{
    /// <summary>Between two checks of a device.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, DeviceState> _states = new(StringComparer.Ordinal);
    private readonly GpuNode _node;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Meter _meter = new(TierMeters.SourceName);
    private readonly ITimer _timer;
    private int _checking;
    private int _ticks;
    private long _begunAt;
    private volatile PooledDevice? _underCheck;

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
        _timer = clock.CreateTimer(_ => Look(), null, Tick, Tick);
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

    private void Look()
    {
        // A check that hangs must not pile up others behind it.
        if (Interlocked.Exchange(ref _checking, 1) != 0)
        {
            if (_underCheck is { Gate.Failure: null } stuck && _clock.GetElapsedTime(Volatile.Read(ref _begunAt)) >= Interval)
            {
                stuck.Gate.Close($"A check of it has not ended for {Interval.TotalSeconds:N0} s.");
            }

            return;
        }

        try
        {
            if (++_ticks % (int)(Interval / Tick) == 0)
            {
                CheckAll();
            }
            else
            {
                RetryClosed();
            }
        }
        finally
        {
            Volatile.Write(ref _checking, 0);
        }
    }

    private void RetryClosed()
    {
        foreach (var device in _node.Devices)
        {
            _ = device.Gate.TryEnter();
        }
    }

    private void CheckAll()
    {
        foreach (var device in _node.Devices)
        {
            Volatile.Write(ref _begunAt, _clock.GetTimestamp());
            _underCheck = device;
            var check = device.Gate.Check();
            _underCheck = null;
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Device {Device}: {What}")]
    private static partial void Changed(ILogger logger, string device, string what);
}
