using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;

namespace Sophia.Gpu.Pools;

/// <summary>A device of the node with its pools, in the order of <see cref="PoolKind"/>.</summary>
public sealed record PooledDevice(string Name, IDevice Device, DeviceProfile Profile, IReadOnlyList<PagePool> Pools)
{
    public PagePool this[PoolKind kind] => Pools[(int)kind];

    /// <summary>Whether it may be used just now.</summary>
    public required DeviceGate Gate { get; init; }

    /// <summary>Searches are its calls, one after the other, and what is done to what they read.</summary>
    public required DeviceThread Searches { get; init; }

    /// <summary>Models are its calls: an embedding does not wait behind searches.</summary>
    public required DeviceThread Models { get; init; }

    /// <summary>With its device, in the order of <see cref="PoolKind"/>.</summary>
    /// <param name="device">Its own from now on.</param>
    public static PooledDevice Of(string name, IDevice device, DeviceProfile profile, IReadOnlyList<PagePool> pools, TimeProvider clock) => new(name, device, profile, pools)
    {
        Gate = new DeviceGate(device, clock), Searches = new DeviceThread($"searches of {name}", clock), Models = new DeviceThread($"models of {name}", clock),
    };
}
