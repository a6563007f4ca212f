using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Gpu.Pools;

/// <summary>The devices of the configured kind on this machine, and those that are there and could not be opened.</summary>
internal sealed record FoundDevices(IReadOnlyList<IDevice> Devices, IReadOnlyList<UnopenedDevice> Unopened)
{
    /// <exception cref="ArgumentException">The configuration cannot be; the message says what to change.</exception>
    public static FoundDevices On(PoolOptions options) => options.Device switch
    {
        "host" => options.Validate() is { } problem ? throw new ArgumentException(problem) : new FoundDevices([Host(options.HostBytes)], []),
        "cuda" => Cuda(options.TensorCores),
        _ => throw new ArgumentException($"Sophia:Gpu:Device is '{options.Device}'. Set it to host or cuda."),
    };

    private static HostDevice Host(long? bytes) => (bytes ?? HostDevice.DefaultBudget) is >= 1 << 20 and var budget
        ? new HostDevice(budget)
        : throw new ArgumentException($"Sophia:Gpu:HostBytes is {bytes ?? HostDevice.DefaultBudget}. Set it to at least 1,048,576 bytes.");

    private static FoundDevices Cuda(bool tensorCores)
    {
        var unopened = new List<UnopenedDevice>();
        var found = IlgpuDevice.Cuda(tensorCores, unopened.Add);
        if (found.Count == 0 && unopened.Count == 0)
        {
            // A driver that is there and does not begin may begin later; what is not there must be installed, or another device configured.
            unopened.Add(CudaDriver.IsRefused()
                ? new UnopenedDevice("driver", null, null, CudaDriver.WhyNone())
                : throw new ArgumentException($"Sophia:Gpu:Device is cuda, and no NVIDIA GPU was found here. {CudaDriver.WhyNone()} Or set it to host."));
        }

        return new FoundDevices(found, unopened);
    }
}
