using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Pools;

/// <summary>What each pool of a device is to have: the profile's size, and what can be granted of it.</summary>
/// <param name="Granted">Bytes, whole pages, in the order of <see cref="PoolKind"/>.</param>
internal sealed record PoolPlan(DeviceProfile Profile, IReadOnlyList<long> Granted, int PageBytes)
{
    /// <summary>A GPU's pages are what its copies and huge pages like; the host's as small as a small shard.</summary>
    private const int GpuPageBytes = 2 << 20;
    private const int HostPageBytes = 64 << 10;

    /// <summary>What a GPU keeps for its driver's context, the kernels and the sorting of hits.</summary>
    private const long GpuReserve = 1L << 30;

    /// <param name="free">Bytes that the device says are free.</param>
    /// <exception cref="ArgumentException">Configured sizes do not fit; the message says what to change.</exception>
    /// <exception cref="DeviceMemoryException">Too little is free, and no size is configured, or those that are would fit on the GPU were it free.</exception>
    public static PoolPlan For(DeviceFacts facts, long free, PoolOptions options)
    {
        var profile = DeviceProfile.Of(facts);
        var page = facts.Kind == DeviceKind.Host ? HostPageBytes : GpuPageBytes;
        var reserve = facts.Kind == DeviceKind.Cuda ? GpuReserve : 0;
        var usable = free - reserve;

        // As decimals: of sizes beyond all bounds the sum is beyond 64 bits, and is to be told all the same.
        var configured = PoolKinds.All.Sum(kind => (decimal)Checked(kind, options[kind], page));
        var least = configured + ((decimal)page * PoolKinds.All.Count(kind => options[kind] is null));
        var fitsWereItFree = facts.Kind != DeviceKind.Host && least + reserve <= facts.TotalBytes;
        if (usable < least && (configured == 0 || fitsWereItFree))
        {
            throw TooLittleFree(facts, free, configured);
        }

        if (configured > usable)
        {
            throw new ArgumentException(
                $"The pools configured under Sophia:Gpu take {configured:N0} bytes together; {facts.Model} has {Math.Max(usable, 0):N0} for them " +
                $"({free:N0} free{(facts.Kind == DeviceKind.Cuda ? $", {GpuReserve:N0} kept for the driver and the kernels" : "")}). Lower them by {configured - usable:N0}{(facts.Kind == DeviceKind.Host ? ", or raise Sophia:Gpu:HostBytes" : "")}.");
        }

        // What is not configured shares what is left, in the profile's proportions and never more than the profile says.
        var wanted = PoolKinds.All.Where(kind => options[kind] is null).Sum(kind => profile[kind]);
        var scale = wanted == 0 ? 0 : Math.Min(1.0, (double)(usable - configured) / wanted);
        var granted = new long[PoolKinds.All.Count];
        foreach (var kind in PoolKinds.All)
        {
            granted[(int)kind] = (options[kind] ?? (long)(profile[kind] * scale)) / page * page;
            if (granted[(int)kind] <= 0)
            {
                throw fitsWereItFree ? TooLittleFree(facts, free, configured) : new ArgumentException(
                    $"Nothing is left for the pool {PoolKinds.NameOf(kind)} of {facts.Model}: {usable:N0} bytes are to be had and {configured:N0} are configured for others. Lower those, or free memory of the device.");
            }
        }

        // One is filled while the kernels read the other.
        if (facts.Kind != DeviceKind.Host && granted[(int)PoolKind.Buffer] < 2L * page)
        {
            throw new ArgumentException($"The pool {PoolKinds.NameOf(PoolKind.Buffer)} of {facts.Model} is of one page; what does not fit into the vector cache is streamed through two. Set Sophia:Gpu:BufferBytes to {2L * page:N0} or more.");
        }

        return new PoolPlan(profile, granted, page);
    }

    private static DeviceMemoryException TooLittleFree(DeviceFacts facts, long free, decimal configured) => new(
        $"{facts.Model} says that {free:N0} bytes of its memory are free" + (facts.Kind != DeviceKind.Cuda ? ", too few for its pools."
            : $"; {GpuReserve:N0} are kept for the driver and the kernels, so {(configured > 0 ? $"the pools configured under Sophia:Gpu ({configured:N0}) have no room, which would fit into its {facts.TotalBytes:N0}" : "no pool has room")}. Another process holds its memory, or it does not answer: see nvidia-smi, and start this process again."));

    private static long Checked(PoolKind kind, long? bytes, int page) => bytes is null or >= 0 && (bytes is null || bytes >= page)
        ? bytes ?? 0
        : throw new ArgumentException($"Sophia:Gpu:{kind}Bytes is {bytes}. Set it to at least one page, {page:N0} bytes, or leave it out.");
}
