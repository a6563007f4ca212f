using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Pools;

/// <summary>How a device's memory is divided among the pools.</summary>
/// <param name="Name">Such as GH200-96.</param>
/// <param name="Bytes">Of each pool, in the order of <see cref="PoolKind"/>, as the profile names them; what is granted may be less.</param>
public sealed record DeviceProfile(string Name, IReadOnlyList<long> Bytes)
{
    private const long GiB = 1L << 30;

    // In GiB of 96: active models, inference cache, vector cache, buffer.
    private static readonly double[] Shares = [41, 27, 20, 8];
    private static readonly double[] H200 = [60, 40, 30, 11];

    public long this[PoolKind kind] => Bytes[(int)kind];

    public long Total => Bytes.Sum();

    /// <summary>The profile of a device by its model; one that is not known is divided like a GH200, by proportion.</summary>
    public static DeviceProfile Of(DeviceFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var model = facts.Model.ToUpperInvariant();
        return facts.Kind switch
        {
            DeviceKind.Host => Divided("host", facts.TotalBytes, Shares),
            _ when model.Contains("GH200", StringComparison.Ordinal) =>
                // "480GB" in the model's name is the memory of the processor beside it.
                facts.TotalBytes > 120 * GiB ? Divided("GH200-144", 144 * GiB, Shares) : Divided("GH200-96", 96 * GiB, Shares),
            _ when model.Contains("H200", StringComparison.Ordinal) => Divided("H200-141", 141 * GiB, H200),
            _ when model.Contains("H100", StringComparison.Ordinal) => Divided("H100-80", 80 * GiB, Shares),
            _ when model.EndsWith("A10", StringComparison.Ordinal) => Divided("A10-24", 24 * GiB, Shares),
            _ => Divided("by proportion", facts.TotalBytes, Shares),
        };
    }

    private static DeviceProfile Divided(string name, long total, double[] shares)
    {
        var whole = shares.Sum();
        return new DeviceProfile(name, [.. shares.Select(share => (long)(total * (share / whole)))]);
    }
}
