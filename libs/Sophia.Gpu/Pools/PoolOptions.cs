using Sophia.Memory;

namespace Sophia.Gpu.Pools;

/// <summary>Which device serves L0 and how its memory is divided; from the section Sophia:Gpu.</summary>
public sealed record PoolOptions
{
    /// <summary>host, or cuda to reserve the pools on the NVIDIA GPUs of the machine. Default: host.</summary>
    public string Device { get; init; } = "host";

    /// <summary>The node's name in the names of its pools. Default: the machine's.</summary>
    public string Node { get; init; } = Environment.MachineName;

    /// <summary>With the device host: how much of the machine's memory the pools may take, in bytes. Default: half.</summary>
    public long? HostBytes { get; init; }

    /// <summary>Sizes in bytes instead of the profile's; what is not set takes the profile's.</summary>
    public long? ModelsBytes { get; init; }

    public long? InferenceCacheBytes { get; init; }

    public long? VectorCacheBytes { get; init; }

    public long? BufferBytes { get; init; }

    /// <summary>What vectors are on a GPU: int8, float16 or float32. The answers are the same. Default: int8.</summary>
    public string VectorRows { get; init; } = "int8";

    /// <summary>Whether searches that run together use the tensor cores of a GPU that computes right with them. Default: true.</summary>
    public bool TensorCores { get; init; } = true;

    /// <summary>The first size that cannot be on this machine, with the message that fixes it; null when all are fine. What a GPU has is known when it is opened.</summary>
    public string? Validate() => Device == "host" ? AvailableMemory.Problem("Sophia:Gpu:HostBytes", HostBytes) : null;

    internal long? this[PoolKind kind] => kind switch
    {
        PoolKind.Models => ModelsBytes,
        PoolKind.InferenceCache => InferenceCacheBytes,
        PoolKind.VectorCache => VectorCacheBytes,
        _ => BufferBytes,
    };
}
