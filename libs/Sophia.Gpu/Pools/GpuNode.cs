using System.Diagnostics.Metrics;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Health;
using Sophia.Memory.Tiers;

namespace Sophia.Gpu.Pools;

/// <summary>A device of the node with its pools, in the order of <see cref="PoolKind"/>.</summary>
public sealed record PooledDevice(string Name, IDevice Device, DeviceProfile Profile, IReadOnlyList<PagePool> Pools)
{
    public PagePool this[PoolKind kind] => Pools[(int)kind];

    /// <summary>Whether it may be used just now.</summary>
    public required DeviceGate Gate { get; init; }
}

/// <summary>The devices of this machine that L0 uses, and their memory in pools.</summary>
public sealed class GpuNode : IDisposable
{
    private readonly Meter _meter = new(TierMeters.SourceName);

    private GpuNode(string name, IReadOnlyList<PooledDevice> devices)
    {
        (Name, Devices) = (name, devices);
        _meter.CreateObservableGauge("sophia.pool.profile", () => Measure(r => r.ProfileBytes), "By", "Bytes that the device's profile names for the pool.");
        _meter.CreateObservableGauge("sophia.pool.granted", () => Measure(r => r.GrantedBytes), "By", "Bytes reserved for the pool.");
        _meter.CreateObservableGauge("sophia.pool.used", () => Measure(r => r.UsedBytes), "By", "Bytes of the pool that are allocated.");
        _meter.CreateObservableGauge("sophia.pool.high_water", () => Measure(r => r.HighWaterBytes), "By", "The most of the pool that was allocated at once.");
        _meter.CreateObservableGauge("sophia.pool.pinned", () => Measure(r => (long)r.PinnedPages * r.PageBytes), "By", "Bytes of the pool that cannot be evicted, since they are in use.");
        _meter.CreateObservableGauge(
            "sophia.pool.fragmentation", () => Reports().Select(r => new Measurement<double>(r.Fragmentation, Pool(r))), "1", "Share of the free pages that does not lie in the longest free run.");
        _meter.CreateObservableCounter("sophia.pool.allocations", () => Measure(r => r.Allocations), "{allocation}", "Runs of pages that were allocated.");
        _meter.CreateObservableCounter("sophia.pool.frees", () => Measure(r => r.Frees), "{allocation}", "Runs of pages that came back, evicted ones among them.");
        _meter.CreateObservableCounter("sophia.pool.refused", () => Measure(r => r.Refused), "{allocation}", "Allocations for which the pool had no room.");
        _meter.CreateObservableCounter(
            "sophia.pool.evictions", () => Reports().SelectMany(EvictionsOf), "{run}",
            "Runs of pages evicted from the pool, by reason.");
    }

    public string Name { get; }

    public IReadOnlyList<PooledDevice> Devices { get; }

    /// <summary>Finds the devices and reserves their pools.</summary>
    /// <exception cref="ArgumentException">The configuration cannot be; the message says what to change.</exception>
    /// <exception cref="DeviceMemoryException">A device does not give what it said was free.</exception>
    public static GpuNode Open(PoolOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Open(options, Discover(options), clock);
    }

    /// <param name="devices">The node's from now on.</param>
    /// <inheritdoc cref="Open(PoolOptions, TimeProvider)"/>
    public static GpuNode Open(PoolOptions options, IReadOnlyList<IDevice> devices, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(devices);
        if (string.IsNullOrWhiteSpace(options.Node) || options.Node.Contains('/', StringComparison.Ordinal))
        {
            throw new ArgumentException($"Sophia:Gpu:Node is '{options.Node}'. Name the node, without a slash.");
        }

        if (options.VectorRows is not ("int8" or "float16" or "float32"))
        {
            throw new ArgumentException($"Sophia:Gpu:VectorRows is '{options.VectorRows}'. Set it to int8, float16 or float32.");
        }

        var pooled = new List<PooledDevice>();
        try
        {
            foreach (var device in devices)
            {
                pooled.Add(Pool(options, device, clock));
            }
        }
        catch
        {
            foreach (var device in pooled)
            {
                Close(device);
            }

            throw;
        }

        return new GpuNode(options.Node, pooled);
    }

    public void Dispose()
    {
        _meter.Dispose();
        foreach (var device in Devices)
        {
            Close(device);
        }
    }

    private static IReadOnlyList<IDevice> Discover(PoolOptions options)
    {
        switch (options.Device)
        {
            case "host":
                var budget = options.HostBytes ?? HostDevice.DefaultBudget;
                return budget >= 1 << 20
                    ? [new HostDevice(budget)]
                    : throw new ArgumentException($"Sophia:Gpu:HostBytes is {budget}. Set it to at least 1,048,576 bytes.");
            case "cuda":
                var found = IlgpuDevice.Cuda(options.TensorCores);
                return found.Count > 0
                    ? found
                    : throw new ArgumentException($"Sophia:Gpu:Device is cuda, and no NVIDIA GPU was found here. {CudaDriver.WhyNone()} Or set it to host.");
            default:
                throw new ArgumentException($"Sophia:Gpu:Device is '{options.Device}'. Set it to host or cuda.");
        }
    }

    private static PooledDevice Pool(PoolOptions options, IDevice device, TimeProvider clock)
    {
        var name = $"{options.Node}/{device.Facts.Id}";
        var plan = PoolPlan.For(device.Facts, device.FreeBytes, options);
        var pools = new List<PagePool>();
        try
        {
            foreach (var kind in PoolKinds.All)
            {
                pools.Add(new PagePool($"{name}/{PoolKinds.NameOf(kind)}", kind, device.Reserve(plan.Granted[(int)kind]), plan.PageBytes, plan.Profile[kind], clock));
            }
        }
        catch
        {
            foreach (var pool in pools)
            {
                pool.Dispose();
            }

            throw;
        }

        return new PooledDevice(name, device, plan.Profile, pools) { Gate = new DeviceGate(device, clock) };
    }

    private static void Close(PooledDevice device)
    {
        foreach (var pool in device.Pools)
        {
            pool.Dispose();
        }

        device.Device.Dispose();
    }

    private IEnumerable<PoolReport> Reports() => Devices.SelectMany(static d => d.Pools).Select(static pool => pool.Report());

    private IEnumerable<Measurement<long>> Measure(Func<PoolReport, long> value) => Reports().Select(report => new Measurement<long>(value(report), Pool(report)));

    // A pool that has evicted nothing says so: a rate over a series that is not there would be none.
    private static IEnumerable<Measurement<long>> EvictionsOf(PoolReport report) => report.Evictions.Count == 0
        ? [new Measurement<long>(0, Pool(report))]
        : report.Evictions.Select(e => new Measurement<long>(e.Count, Pool(report), new("reason", e.Reason)));

    private static KeyValuePair<string, object?> Pool(PoolReport report) => new("pool", report.Name);
}
