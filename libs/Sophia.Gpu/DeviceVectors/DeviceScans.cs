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

    /// <summary>More are not used: <see cref="DeviceShares"/> has a bit for each.</summary>
    private const int MostDevices = 64;

    private readonly RowKind _kind;
    private readonly PoolKind _pool;

    /// <param name="device">One that has kernels for scans.</param>
    /// <param name="rows">int8, float16 or float32.</param>
    /// <param name="pool">In which the rows stand.</param>
    /// <exception cref="ArgumentException">The device cannot scan, or rows cannot be so; the message says what to change.</exception>
    public DeviceScans(PooledDevice device, string rows, TimeProvider clock, PoolKind pool = PoolKind.VectorCache)
    {
        ArgumentNullException.ThrowIfNull(device);
        Device = device;
        if (device.Device.Facts.Kind == DeviceKind.Host)
        {
            throw new ArgumentException($"{device.Name} has no kernels for scans: the processor scans its memory.", nameof(device));
        }

        (Clock, _pool, Watch) = (clock, pool, new PageWatch(device, clock));
        _kind = rows switch
        {
            "int8" => RowKind.Codes,
            "float16" => RowKind.Halves,
            "float32" => RowKind.Floats,
            _ => throw new ArgumentException($"Sophia:Gpu:VectorRows is '{rows}'. Set it to int8, float16 or float32.", nameof(rows)),
        };
    }

    /// <summary>On every device of the node that has kernels for scans.</summary>
    /// <param name="pool">In which the rows stand.</param>
    public static IReadOnlyList<DeviceScans> On(GpuNode node, PoolOptions options, TimeProvider clock, PoolKind pool)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(options);
        return [.. node.Devices.Where(static d => d.Device.Facts.Kind != DeviceKind.Host).Take(MostDevices).Select(d => new DeviceScans(d, options.VectorRows, clock, pool))];
    }

    public PooledDevice Device { get; }

    public DeviceGate Gate => Device.Gate;

    /// <summary>On which alone searches call the device, and what changes what they read there.</summary>
    internal DeviceThread Thread => Device.Searches;

    /// <summary>Its kernels are made when the first scan comes: a device that refuses them then is left out by that scan, and not the end of the start.</summary>
    /// <exception cref="DeviceFailedException"/>
    /// <exception cref="DeviceMemoryException"/>
    internal IRowScanner Scanner => Device.Device.Scanner!;

    internal TimeProvider Clock { get; }

    /// <summary>Of the shards whose rows stand on the device.</summary>
    internal PageWatch Watch { get; }

    internal PagePool Vectors => Device[_pool];

    internal PagePool Buffer => Device[PoolKind.Buffer];

    /// <summary>Overwrites what was taken away of what stands on the device.</summary>
    /// <returns>Why that could not be done in time; null where it is, or nothing stands there.</returns>
    internal async Task<string?> OverwriteAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        // What comes there from now on is without it.
        if (Vectors.UsedPages == 0 && Buffer.UsedPages == 0)
        {
            return null;
        }

        var isDone = Gate.IsOpen && await Watch.OverwriteAsync(timeout, cancellationToken).ConfigureAwait(false);
        return isDone && Gate.IsOpen ? null
            : $"What was taken away may stand on the device {Device.Name} until it is well again or the process ends. {Gate.Failure ?? "It was not overwritten in time."}";
    }

    /// <summary>From so many bytes of its rows on a shard is scanned by the device.</summary>
    internal long FromBytes { get; init; } = LeastBytes;

    /// <summary>A search that wants more candidates is the processor's: the device would take more memory for them than for scores.</summary>
    internal int MostCandidates { get; init; } = 1 << 20;

    /// <summary>What a shard's vectors are on the device; those too short for codes are float32.</summary>
    internal RowKind KindFor(VectorPages pages) => _kind == RowKind.Codes && pages.CodeStride == 0 ? RowKind.Floats : _kind;

    /// <summary>The place of a shard's vectors on this device alone.</summary>
    internal DeviceIndex Index(VectorPages pages) => new([this], pages);
}
