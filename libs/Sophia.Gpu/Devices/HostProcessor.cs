using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Devices;

/// <summary>The processor that the host engine computes on.</summary>
internal static class HostProcessor
{
    /// <summary>Its widest vectors that the runtime uses, for people.</summary>
    public static string Vectors { get; } =
        Vector512.IsHardwareAccelerated ? "AVX-512 (Vector512)"
        : Vector256.IsHardwareAccelerated ? "AVX2 (Vector256)"
        : Vector128.IsHardwareAccelerated ? "128-bit vectors (Vector128)"
        : "no vector instructions";
}
