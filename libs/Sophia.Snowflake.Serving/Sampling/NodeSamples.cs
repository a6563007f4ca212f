using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;
using Sophia.Snowflake.Sampling;

namespace Sophia.Snowflake.Serving.Sampling;

/// <summary>A node's pools and GPUs in the form that goes to Snowflake.</summary>
public static class NodeSamples
{
    /// <summary>Looks at the node's pools and GPUs at intervals; the caller's to dispose.</summary>
    public static GpuSampler Sampler(GpuNode node, GpuSensors sensors, TimeSpan interval, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(node);
        return new GpuSampler(() => Pools(node), () => Gpus(sensors), node.Name, interval, clock);
    }

    private static IReadOnlyList<PoolSample> Pools(GpuNode node) =>
        [.. node.Devices.SelectMany(static device => device.Pools).Select(static pool => pool.Report())
            .Select(report => new PoolSample(report.Name, node.Name, report.Name[(report.Name.LastIndexOf('/') + 1)..], report.GrantedBytes, report.UsedBytes))];

    private static IReadOnlyList<GpuSample> Gpus(GpuSensors sensors) =>
        [.. sensors.Read().Select(static (gpu, i) => new GpuSample(
            i, gpu.Uuid ?? $"{i}", gpu is { UsedBytes: { } used, TotalBytes: > 0 and var total } ? (double)used / total : null, gpu.Utilization, gpu.TemperatureCelsius, gpu.PowerWatts))];
}
