namespace Sophia.Gpu.Pools;

/// <summary>What a pool of a device's memory is for.</summary>
public enum PoolKind
{
    Models,
    InferenceCache,
    VectorCache,
    Buffer,
}

internal static class PoolKinds
{
    public static IReadOnlyList<PoolKind> All { get; } = [PoolKind.Models, PoolKind.InferenceCache, PoolKind.VectorCache, PoolKind.Buffer];

    /// <summary>As in names of pools and in the API.</summary>
    public static string NameOf(PoolKind kind) => kind switch
    {
        PoolKind.Models => "models",
        PoolKind.InferenceCache => "inference-cache",
        PoolKind.VectorCache => "vector-cache",
        _ => "buffer",
    };
}
