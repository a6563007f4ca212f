namespace Sophia.Gpu.Health;

/// <summary>What a GPU's driver says of it at one moment. Null is what this GPU does not report.</summary>
/// <param name="Uuid">As nvidia-smi -L prints it: it names the same GPU whatever the order in which a library counts.</param>
/// <param name="Utilization">The share of the last sample period in which a kernel ran, 0–1.</param>
/// <param name="MemoryUtilization">The share of it in which device memory was read or written, 0–1.</param>
/// <param name="CorrectedEccErrors">Since the driver was loaded, as <paramref name="UncorrectedEccErrors"/>.</param>
/// <param name="XidErrors">Critical XID events since this process began to listen.</param>
/// <param name="LastXid">The number of the last one (docs.nvidia.com/deploy/xid-errors), null before the first.</param>
/// <param name="Failure">What the driver answered to the first question that failed; null when none did.</param>
public sealed record GpuReading(
    string? Uuid, string? Model, long? TotalBytes, long? UsedBytes, double? Utilization, double? MemoryUtilization, double? TemperatureCelsius,
    double? PowerWatts, int? SmClockMhz, int? MemoryClockMhz, long? CorrectedEccErrors, long? UncorrectedEccErrors, long? XidErrors, int? LastXid, string? Failure);
