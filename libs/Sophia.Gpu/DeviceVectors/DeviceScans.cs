using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>A device that scans for shards: which, in what rows, from which size on, and whether it can just now.</summary>
public sealed class DeviceScans
{
    /// <summary>Smaller shards are scanned by the processor before a device's kernels have begun: 4 MiB of codes.</summary>
    private const long LeastBytes = 4L << 20;

    private readonly RowKind _kind;

    /// <param name="device">One that has kernels for scans.</param>
    /// <param name="rows">int8, float16 or float32.</param>
    /// <exception cref="ArgumentException">The device cannot scan, or rows cannot be so; the message says what to change.</exception>
    public DeviceScans(PooledDevice device, string rows, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(device);
        Device = device;
        Scanner = device.Device.Scanner ?? throw new ArgumentException($"{device.Name} has no kernels for scans: the processor scans its memory.", nameof(device));
        Clock = clock;
        _kind = rows switch
        {
            "int8" => RowKind.Codes,
            "float16" => RowKind.Halves,
            "float32" => RowKind.Floats,
            _ => throw new ArgumentException($"Sophia:Gpu:VectorRows is '{rows}'. Set it to int8, float16 or float32.", nameof(rows)),
        };
    }

    /// <summary>On the node's first device that has kernels for scans; null where none has.</summary>
    public static DeviceScans? On(GpuNode node, PoolOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(options);
        return node.Devices.FirstOrDefault(d => d.Device.Scanner is not null) is { } device ? new DeviceScans(device, options.VectorRows, clock) : null;
    }

    public PooledDevice Device { get; }

    public DeviceGate Gate => Device.Gate;

    internal IRowScanner Scanner { get; }

    internal TimeProvider Clock { get; }

    internal PagePool Vectors => Device[PoolKind.VectorCache];

    internal PagePool Buffer => Device[PoolKind.Buffer];

    /// <summary>From so many bytes of its rows on a shard is scanned by the device.</summary>
    internal long FromBytes { get; init; } = LeastBytes;

    /// <summary>The place of a shard's vectors on the device.</summary>
    internal DeviceIndex Index(VectorPages pages) => new(this, pages, _kind == RowKind.Codes && pages.CodeStride == 0 ? RowKind.Floats : _kind);
}
