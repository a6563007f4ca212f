using System.Runtime.InteropServices;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;

namespace Sophia.Bench.Gpu;

/// <summary>What the driver says of the device at one moment; null is what it does not report.</summary>
/// <param name="HeldBackBy">Why the clocks are lower than they could be.</param>
internal sealed record SensorReading(uint? SmClockMhz, uint? MemoryClockMhz, double? PowerWatts, uint? TemperatureCelsius, ClockReasons? HeldBackBy);

/// <summary>nvml.h, nvmlClocksEventReasons; those that it does not name stay numbers.</summary>
[Flags]
internal enum ClockReasons : ulong
{
    None = 0,
    Idle = 0x1,
    ClocksSetting = 0x2,
    PowerCap = 0x4,
    HardwareSlowdown = 0x8,
    SyncBoost = 0x10,
    Thermal = 0x20,
    HardwareThermal = 0x40,
    PowerBrake = 0x80,
    DisplayClock = 0x100,
}

/// <summary>The sensors of a device, by the driver's management library.</summary>
internal sealed class Sensors : IDisposable
{
    private readonly NvmlLibrary _nvml;
    private readonly nint _device;

    private Sensors(NvmlLibrary nvml, nint device) => (_nvml, _device) = (nvml, device);

    /// <summary>Null where the library is not there, or does not know the device.</summary>
    public static Sensors? Of(DeviceFacts device)
    {
        if (device.Uuid is null || !NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvml.dll" : "libnvidia-ml.so.1", out var library))
        {
            return null;
        }

        var nvml = new NvmlLibrary(library);
        if (nvml.Init() != NvmlLibrary.Success)
        {
            return null;
        }

        _ = nvml.Count(out var count);
        for (var i = 0u; i < count; i++)
        {
            if (nvml.Handle(i, out var handle) == NvmlLibrary.Success && nvml.Text("nvmlDeviceGetUUID", handle, out var uuid) == NvmlLibrary.Success && uuid == device.Uuid)
            {
                return new Sensors(nvml, handle);
            }
        }

        nvml.Dispose();
        return null;
    }

    public SensorReading Read() => new(
        _nvml.Ask("nvmlDeviceGetClockInfo", _device, 1, out uint sm) == NvmlLibrary.Success ? sm : null,
        _nvml.Ask("nvmlDeviceGetClockInfo", _device, 2, out uint memory) == NvmlLibrary.Success ? memory : null,
        _nvml.Ask("nvmlDeviceGetPowerUsage", _device, out uint milliwatts) == NvmlLibrary.Success ? milliwatts / 1000.0 : null,
        _nvml.Ask("nvmlDeviceGetTemperature", _device, 0, out uint celsius) == NvmlLibrary.Success ? celsius : null,
        Reasons());

    public void Dispose() => _nvml.Dispose();

    // By the name that it has since NVML 12.2, or the older one.
    private ClockReasons? Reasons() =>
        _nvml.Ask("nvmlDeviceGetCurrentClocksEventReasons", _device, out ulong reasons) == NvmlLibrary.Success ||
        _nvml.Ask("nvmlDeviceGetCurrentClocksThrottleReasons", _device, out reasons) == NvmlLibrary.Success ? (ClockReasons)reasons : null;
}
