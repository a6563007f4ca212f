using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;
using Sophia.Memory.Tiers;

namespace Sophia.Gpu.Health;

/// <summary>What the last check of a device found.</summary>
/// <param name="FreeBytes">That could be reserved on it then; 0 where it fails.</param>
public sealed record DeviceState(DeviceCheck Check, DateTimeOffset At, long FreeBytes);

/// <summary>
/// Runs a kernel on each device when it is made and every minute from then on, and compares what it computed. A device may
/// answer its driver and compute nothing (CUDA error 802 does that). One that fails is left out until it computes again
/// (<see cref="DeviceGate"/>), which is tried though nobody asks for it; one of which a call does not end, be it a check or another's
/// (<see cref="DeviceThread"/>), is left out, too, for as long as it does not, and after <see cref="Patience"/> for good. Each device
/// is watched by itself: one that hangs keeps no other from being tried again.
/// </summary>
public sealed partial class DeviceWatch : IDisposable
{
    /// <summary>Between two checks of a device.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>A call that shows no progress for so long hangs.</summary>
    public static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(30);

    /// <summary>One that hangs for so long will not end: the process must be started again to use the device.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, DeviceState> _states = new(StringComparer.Ordinal);
    private readonly GpuNode _node;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Meter _meter = new(TierMeters.SourceName);
    private readonly ITimer[] _timers;

    /// <param name="firstPatience">For the first check of all devices, in real time; by default <see cref="LongestStep"/>. The process starts without those that take longer.</param>
    public DeviceWatch(GpuNode node, TimeProvider clock, ILogger logger, TimeSpan? firstPatience = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(clock);
        (_node, _clock, _logger) = (node, clock, logger);
        foreach (var device in node.Devices)
        {
            device.Gate.Changed += failure => Changed(_logger, device.Name, failure is null ? "is used again" : $"is left out: {failure}");
        }

        foreach (var device in node.Unopened)
        {
            Changed(_logger, device.Id, $"is not used. {device.Reason}");
        }

        Watched[] watched = [.. node.Devices.Select(static device => new Watched(device))];
        Begin(watched, firstPatience ?? LongestStep);
        _meter.CreateObservableGauge(
            "sophia.device.healthy", Healthy, null,
            "1 while the device is used; 0 while it is left out, since a check failed or a call hangs, and for a GPU that could not be opened at the start.");
        _timers = Array.ConvertAll(watched, one => clock.CreateTimer(_ => Look(one), null, Tick, Tick));
    }

    /// <summary>The last check of a device of the node, by its name.</summary>
    public DeviceState this[string device] => _states[device];

    /// <summary>Null when every device computes; otherwise what the first that does not said, and of one that is lost that it is.</summary>
    public string? Failure => _node.Devices.Select(FailureOf).FirstOrDefault(static f => f is not null);

    public void Dispose()
    {
        Array.ForEach(_timers, static timer => timer.Dispose());
        _meter.Dispose();
    }

    private IEnumerable<Measurement<int>> Healthy() => _node.Devices.Select(device => (Device: device.Name, IsHealthy: device.Gate.IsOpen))
        .Concat(_node.Unopened.Select(static device => (Device: device.Id, IsHealthy: false)))
        .Select(static s => new Measurement<int>(s.IsHealthy ? 1 : 0, new KeyValuePair<string, object?>("device", s.Device)));

    // The gate knows it first.
    private string? FailureOf(PooledDevice device) =>
        (device.Gate.IsLost ? device.Gate.Failure : _states[device.Name].Check.Failure) is { } failure ? $"{device.Name}: {failure}" : null;

    /// <summary>The first checks, beside each other: one that hangs with its device must not keep the process from starting, nor from saying so.</summary>
    private void Begin(Watched[] watched, TimeSpan patience)
    {
        var checks = Array.ConvertAll(watched, one => Task.Factory.StartNew(() => Busy(one, Check), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        if (Task.WaitAll(checks, patience))
        {
            return;
        }

        for (var i = 0; i < watched.Length; i++)
        {
            var (device, failure) = (watched[i].Device, $"Its first check has not ended for {patience.TotalSeconds:N0} s.");
            if (!checks[i].IsCompleted && _states.TryAdd(device.Name, new DeviceState(new DeviceCheck(failure, patience), _clock.GetUtcNow(), 0)))
            {
                device.Gate.Close(failure);
            }
        }
    }

    private static void Busy(Watched one, Action<Watched> look)
    {
        Volatile.Write(ref one.Looking, 1);
        try
        {
            one.BeginCheck();
            look(one);
        }
        finally
        {
            one.EndCheck();
            Volatile.Write(ref one.Looking, 0);
        }
    }

    private void Look(Watched one)
    {
        var (check, call) = (one.Check.Look(one.CheckUnderWay), Max(one.Searches.Look(one.Device.Searches.Step), one.Models.Look(one.Device.Models.Step)));
        if (check >= LongestStep || call >= LongestStep)
        {
            // Another call may end meanwhile: that proves nothing.
            Hangs(one, check > call ? "check of it" : "call to it", Max(check, call));
        }

        // A check that hangs must not pile up others behind it.
        else if (Interlocked.Exchange(ref one.Looking, 1) == 0)
        {
            Busy(one, LookAt);
        }
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void Hangs(Watched one, string call, TimeSpan time)
    {
        var gate = one.Device.Gate;
        if (time >= Patience)
        {
            gate.CloseForGood($"A {call} has not ended for {Patience.TotalMinutes:N0} minutes.");
            Lost(one);
        }
        else if (gate.IsOpen)
        {
            gate.Close($"A {call} has not ended for {LongestStep.TotalSeconds:N0} s.");
        }
    }

    private void LookAt(Watched one)
    {
        if (one.Device.Gate.IsLost)
        {
            Lost(one);
        }
        else if (++one.Ticks % (int)(Interval / Tick) == 0 || (!one.Device.Gate.IsOpen && one.Device.Gate.Retry()))
        {
            // Also of one that is used again: what was known of it was of before.
            Check(one);
        }
    }

    /// <summary>What the gate knows is the last that is known of the device; told once.</summary>
    private void Lost(Watched one)
    {
        var (name, failure) = (one.Device.Name, one.Device.Gate.Failure);
        if (_states[name].Check.Failure != failure)
        {
            _states[name] = new DeviceState(new DeviceCheck(failure, TimeSpan.Zero) { IsLasting = true }, _clock.GetUtcNow(), 0);
            Changed(_logger, name, failure!);
        }
    }

    private void Check(Watched one)
    {
        var device = one.Device;
        one.BeginCheck();
        var check = device.Gate.Check();
        var before = _states.GetValueOrDefault(device.Name)?.Check.IsHealthy ?? true;
        _states[device.Name] = new DeviceState(check, _clock.GetUtcNow(), check.IsHealthy ? device.Device.FreeBytes : 0);
        if (check.Failure is { } failure)
        {
            device.Gate.Close(failure);
        }
        else
        {
            _ = device.Gate.Retry();
        }

        if (before != check.IsHealthy)
        {
            Changed(_logger, device.Name, check.Failure ?? "computes again");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Device {Device}: {What}")]
    private static partial void Changed(ILogger logger, string device, string what);

    private sealed class Watched(PooledDevice device)
    {
        public int Looking;
        public int Ticks;
        private long _checks;
        private volatile bool _isUnderCheck;

        public PooledDevice Device => device;

        public Standstill Check { get; } = new();

        public Standstill Searches { get; } = new();

        public Standstill Models { get; } = new();

        public long? CheckUnderWay => _isUnderCheck ? Interlocked.Read(ref _checks) : null;

        public void BeginCheck()
        {
            Interlocked.Increment(ref _checks);
            _isUnderCheck = true;
        }

        public void EndCheck() => _isUnderCheck = false;
    }

    /// <summary>How long a step has taken, in looks: a process that was stopped for a while and goes on has not looked meanwhile.</summary>
    private sealed class Standstill
    {
        private readonly Lock _lock = new();
        private long? _step;
        private int _looks;

        /// <param name="step">A number for it; null: there is none.</param>
        public TimeSpan Look(long? step)
        {
            lock (_lock)
            {
                (_looks, _step) = (step is null ? 0 : step == _step ? _looks + 1 : 1, step);
                return _looks * Tick;
            }
        }
    }
}
