using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using Sophia.Memory.Tiers;

namespace Sophia.Gpu.Health;

/// <summary>
/// What the NVIDIA driver says of the GPUs of this machine, as meters and as readings. Where there is no driver there are no
/// readings and no measurements. It is no statement on health: a GPU whose driver answers may compute nothing (<see cref="DeviceWatch"/>).
/// The driver is asked on a thread of its own: with a GPU that hangs its answer may never come, which the readings say then.
/// </summary>
public sealed class GpuSensors : IDisposable
{
    private const int MostEventsAtOnce = 1000;
    private static readonly TimeSpan EventsInterval = TimeSpan.FromSeconds(10);

    /// <summary>To begin: without persistence mode the driver wakes the GPUs first.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);

    private readonly DeviceThread _thread;
    private readonly Meter _meter = new(TierMeters.SourceName);
    private readonly List<Sensed> _gpus = [];
    private readonly ITimer? _timer;
    private NvmlLibrary? _nvml;
    private nint _events;
    private volatile IReadOnlyList<GpuReading> _last = [];
    private volatile bool _isDisposed;
    private volatile bool _hasBegun = true;
    private volatile string? _failure;

    /// <param name="library">The library of the driver; another one in tests.</param>
    /// <param name="patience">For its first answers, in real time; by default 30 s.</param>
    public GpuSensors(TimeProvider clock, string? library = null, TimeSpan? patience = null)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _thread = new DeviceThread("GPU sensors", clock);
        if (!NativeLibrary.TryLoad(library ?? (OperatingSystem.IsWindows() ? "nvml.dll" : "libnvidia-ml.so.1"), out var handle))
        {
            return;
        }

        _hasBegun = false;
        var begun = new ManualResetEventSlim();
        _ = _thread.TryPost(() =>
        {
            Begin(new NvmlLibrary(handle));
            _hasBegun = true;
            begun.Set();
        });
        _ = begun.Wait(patience ?? StartPatience);
        Measure();
        _timer = clock.CreateTimer(
            _ =>
            {
                // Those that it does not answer must not pile up.
                if (_thread.Step is null)
                {
                    _ = _thread.TryPost(Drain);
                }
            },
            null, EventsInterval, EventsInterval);
    }

    private void Begin(NvmlLibrary nvml)
    {
        if (nvml.Init() is var status and not NvmlLibrary.Success)
        {
            _failure = status == NvmlLibrary.DriverNotLoaded ? null : nvml.Describe(status);
            return;
        }

        Volatile.Write(ref _nvml, nvml);
        if (nvml.Count(out var count) is var counted and not NvmlLibrary.Success)
        {
            _failure = nvml.Describe(counted);
            return;
        }

        var listens = nvml.Ask("nvmlEventSetCreate", out _events) == NvmlLibrary.Success;
        for (var i = 0u; i < count; i++)
        {
            if (nvml.Handle(i, out var device) is var found and not NvmlLibrary.Success)
            {
                _failure ??= $"GPU {i}: {nvml.Describe(found)}";
                continue;
            }

            _gpus.Add(new Sensed(device) { Listens = listens && nvml.Register(device, NvmlLibrary.XidEvent, _events) == NvmlLibrary.Success });
        }

        _last = ReadAll(nvml);
    }

    /// <summary>Null when the driver is not there or answered for every GPU; otherwise what it said.</summary>
    public string? Failure => _hasBegun ? _failure : "The NVIDIA driver has not answered since the start.";

    /// <summary>One reading per GPU that the driver gives a handle for, now; without values where it does not answer.</summary>
    public IReadOnlyList<GpuReading> Read()
    {
        if (_isDisposed || Volatile.Read(ref _nvml) is not { } nvml)
        {
            return [];
        }

        if (_thread.TryCall(() => _last = ReadAll(nvml)))
        {
            return _last;
        }

        return _isDisposed ? [] : [.. _last.Select(static gpu => new GpuReading(
            gpu.Uuid, gpu.Model, null, null, null, null, null, null, null, null, null, null, null, null, "The NVIDIA driver does not answer."))];
    }

    public void Dispose()
    {
        _isDisposed = true;
        _meter.Dispose();
        _timer?.Dispose();

        // One that does not answer any more goes with the process.
        _ = _thread.TryEnd(EndPatience, Volatile.Read(ref _nvml) is not { } nvml ? null : () =>
        {
            if (_events != 0)
            {
                nvml.FreeEvents(_events);
            }

            nvml.Dispose();
        });
    }

    private List<GpuReading> ReadAll(NvmlLibrary nvml)
    {
        Drain();
        var readings = new List<GpuReading>(_gpus.Count);
        foreach (var gpu in _gpus)
        {
            readings.Add(Read(nvml, gpu));
            _thread.Progressed();
        }

        return readings;
    }

    private static GpuReading Read(NvmlLibrary nvml, Sensed gpu)
    {
        string? failure = null;
        bool Has(int status)
        {
            if (status is not (NvmlLibrary.Success or NvmlLibrary.NotSupported or NvmlLibrary.FunctionNotFound))
            {
                failure ??= nvml.Describe(status);
            }

            return status == NvmlLibrary.Success;
        }

        var device = gpu.Device;
        _ = Has(nvml.Text("nvmlDeviceGetUUID", device, out var uuid));
        _ = Has(nvml.Text("nvmlDeviceGetName", device, out var model));
        NvmlMemory? memory = Has(nvml.Ask("nvmlDeviceGetMemoryInfo", device, out NvmlMemory m)) ? m : null;
        NvmlUtilization? use = Has(nvml.Ask("nvmlDeviceGetUtilizationRates", device, out NvmlUtilization u)) ? u : null;
        double? celsius = Has(nvml.Ask("nvmlDeviceGetTemperature", device, 0, out uint t)) ? t : null;
        double? watts = Has(nvml.Ask("nvmlDeviceGetPowerUsage", device, out uint p)) ? p / 1000.0 : null;
        int? smClock = Has(nvml.Ask("nvmlDeviceGetClockInfo", device, 1, out uint s)) ? (int)s : null;
        int? memoryClock = Has(nvml.Ask("nvmlDeviceGetClockInfo", device, 2, out uint c)) ? (int)c : null;
        long? corrected = Has(nvml.EccErrors(device, uncorrected: false, out var e)) ? (long)e : null;
        long? uncorrected = Has(nvml.EccErrors(device, uncorrected: true, out var x)) ? (long)x : null;
        return new GpuReading(
            uuid, model, (long?)memory?.Total, (long?)memory?.Used, use?.Gpu / 100.0, use?.Memory / 100.0, celsius, watts, smClock, memoryClock,
            corrected, uncorrected, gpu.Listens ? gpu.Xids : null, gpu.LastXid, failure);
    }

    // The driver keeps what happened until it is asked; a queue that never ends must not hold the thread for ever.
    private void Drain()
    {
        for (var i = 0; i < MostEventsAtOnce && _events != 0 && _nvml!.NextEvent(_events, out var happened) == NvmlLibrary.Success; i++)
        {
            if (happened.Type == NvmlLibrary.XidEvent && _gpus.Find(g => g.Device == happened.Device) is { } gpu)
            {
                gpu.Xids++;
                gpu.LastXid = (int)happened.Data;
            }
        }
    }

    private void Measure()
    {
        Gauge("memory.total", "By", "Memory of the GPU.", r => r.TotalBytes);
        Gauge("memory.used", "By", "Memory of the GPU that is in use, by whomever.", r => r.UsedBytes);
        Gauge("utilization", "1", "Share of the time in which a kernel ran.", r => r.Utilization);
        Gauge("memory.utilization", "1", "Share of the time in which device memory was read or written.", r => r.MemoryUtilization);
        Gauge("temperature", "Cel", "Temperature of the GPU.", r => r.TemperatureCelsius);
        Gauge("power", "W", "Power drawn by the GPU.", r => r.PowerWatts);
        Gauge("clock.sm", "MHz", "Clock of the multiprocessors.", r => r.SmClockMhz);
        Gauge("clock.memory", "MHz", "Clock of the memory.", r => r.MemoryClockMhz);
        Gauge("ecc.corrected", "{error}", "ECC errors corrected since the driver was loaded.", r => r.CorrectedEccErrors);
        Gauge("ecc.uncorrected", "{error}", "ECC errors not corrected since the driver was loaded.", r => r.UncorrectedEccErrors);
        Gauge("xid", "{error}", "Critical XID events since the service began to listen.", r => r.XidErrors);
    }

    private void Gauge(string name, string unit, string description, Func<GpuReading, double?> value) =>
        _meter.CreateObservableGauge(
            $"sophia.gpu.{name}",
            () => from reading in Read()
                  where value(reading) is not null
                  select new Measurement<double>(value(reading)!.Value, new KeyValuePair<string, object?>("gpu", reading.Uuid)),
            unit, description);

    private sealed class Sensed(nint device)
    {
        public nint Device => device;

        public bool Listens { get; init; }

        public long Xids { get; set; }

        public int? LastXid { get; set; }
    }
}
