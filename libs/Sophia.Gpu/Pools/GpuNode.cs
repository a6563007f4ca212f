using System.Diagnostics.Metrics;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Memory.Tiers;

namespace Sophia.Gpu.Pools;

/// <summary>The devices of this machine that L0 uses, and their memory in pools.</summary>
public sealed class GpuNode : IDisposable
{
    /// <summary>For what a device has still to do at the end, and as long again for giving its memory back.</summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly Meter _meter = new(TierMeters.SourceName);

    private GpuNode(string name, IReadOnlyList<PooledDevice> devices, IReadOnlyList<UnopenedDevice> unopened)
    {
        (Name, Devices, Unopened) = (name, devices, unopened);
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

    /// <summary>GPUs that were found and could not be opened, by their names on this node; no device of <see cref="Devices"/> is one.</summary>
    public IReadOnlyList<UnopenedDevice> Unopened { get; }

    /// <summary>Null when every device may be used; otherwise the first that is left out and why. GPUs that could not be opened count where no other is.</summary>
    public string? Failure => Devices.Where(static device => device.Gate.Failure is not null).Select(static device => $"{device.Name}: {device.Gate.Failure}").FirstOrDefault() ??
        (IsWithoutItsGpus ? Unopened[0].Description : null);

    /// <summary>GPUs are there and none could be opened: host memory stands in for them, and another process must be started to use them.</summary>
    public bool IsWithoutItsGpus => Unopened.Count > 0 && Devices.All(static device => device.Device.Facts.Kind == DeviceKind.Host);

    /// <summary>Finds the devices and reserves their pools.</summary>
    /// <exception cref="ArgumentException">The configuration cannot be; the message says what to change.</exception>
    /// <exception cref="DeviceMemoryException">The machine's memory is not there as configured.</exception>
    public static GpuNode Open(PoolOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Open(options, FoundDevices.On(options), clock);
    }

    /// <param name="devices">The node's from now on.</param>
    /// <param name="patience">For the pools of a GPU, in real time; by default a minute. It is done without one that takes longer.</param>
    /// <inheritdoc cref="Open(PoolOptions, TimeProvider)"/>
    public static GpuNode Open(PoolOptions options, IReadOnlyList<IDevice> devices, TimeProvider clock, TimeSpan? patience = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(devices);
        return Open(options, new FoundDevices(devices, []), clock, patience);
    }

    private static GpuNode Open(PoolOptions options, FoundDevices found, TimeProvider clock, TimeSpan? patience = null)
    {
        if (string.IsNullOrWhiteSpace(options.Node) || options.Node.Contains('/', StringComparison.Ordinal))
        {
            throw new ArgumentException($"Sophia:Gpu:Node is '{options.Node}'. Name the node, without a slash.");
        }

        if (options.VectorRows is not ("int8" or "float16" or "float32"))
        {
            throw new ArgumentException($"Sophia:Gpu:VectorRows is '{options.VectorRows}'. Set it to int8, float16 or float32.");
        }

        var pooled = new List<PooledDevice>();
        var unopened = found.Unopened.Select(device => device with { Id = $"{options.Node}/{device.Id}" }).ToList();
        try
        {
            foreach (var device in found.Devices)
            {
                try
                {
                    pooled.Add(device.Facts.Kind == DeviceKind.Host ? Pool(options, device, clock) : Opening.InTime(() => Pool(options, device, clock), Close, patience));
                }
                catch (Exception e) when (e is DeviceMemoryException or TimeoutException && device.Facts.Kind != DeviceKind.Host)
                {
                    unopened.Add(new UnopenedDevice($"{options.Node}/{device.Facts.Id}", device.Facts.Model, device.Facts.Uuid, e.Message));
                }
            }

            if (pooled.Count == 0 && unopened.Count > 0)
            {
                // Sizes that are configured are a GPU's.
                var host = options with { ModelsBytes = null, InferenceCacheBytes = null, VectorCacheBytes = null, BufferBytes = null };
                pooled.Add(Pool(host, new HostDevice(HostDevice.DefaultBudget), clock));
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

        return new GpuNode(options.Node, pooled, unopened);
    }

    public void Dispose()
    {
        _meter.Dispose();

        // Beside each other: several that hang take no longer than one.
        Task.WaitAll(Devices.Select(static device => Task.Factory.StartNew(() => Close(device), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }

    /// <param name="device">Its own from now on, also where it fails.</param>
    private static PooledDevice Pool(PoolOptions options, IDevice device, TimeProvider clock)
    {
        var name = $"{options.Node}/{device.Facts.Id}";
        var pools = new List<PagePool>();
        try
        {
            var plan = PoolPlan.For(device.Facts, device.FreeBytes, options);
            foreach (var kind in PoolKinds.All)
            {
                pools.Add(new PagePool($"{name}/{PoolKinds.NameOf(kind)}", kind, device.Reserve(plan.Granted[(int)kind]), plan.PageBytes, plan.Profile[kind], clock));
            }

            return PooledDevice.Of(name, device, plan.Profile, pools, clock);
        }
        catch
        {
            foreach (var pool in pools)
            {
                pool.Dispose();
            }

            device.Dispose();
            throw;
        }
    }

    /// <summary>What a device that hangs still reads, and takes no call for, goes with the process.</summary>
    private static void Close(PooledDevice device)
    {
        if (!device.Models.TryEnd(LastPatience))
        {
            return;
        }

        _ = device.Searches.TryEnd(LastPatience, () =>
        {
            foreach (var pool in device.Pools)
            {
                pool.Dispose();
            }

            device.Device.Dispose();
        });
    }

    private IEnumerable<PoolReport> Reports() => Devices.SelectMany(static d => d.Pools).Select(static pool => pool.Report());

    private IEnumerable<Measurement<long>> Measure(Func<PoolReport, long> value) => Reports().Select(report => new Measurement<long>(value(report), Pool(report)));

    // A pool that has evicted nothing says so: a rate over a series that is not there would be none.
    private static IEnumerable<Measurement<long>> EvictionsOf(PoolReport report) => report.Evictions.Count == 0
        ? [new Measurement<long>(0, Pool(report))]
        : report.Evictions.Select(e => new Measurement<long>(e.Count, Pool(report), new("reason", e.Reason)));

    private static KeyValuePair<string, object?> Pool(PoolReport report) => new("pool", report.Name);
}
