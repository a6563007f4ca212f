using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Devices;

/// <summary>The instructions that a scan is written in.</summary>
internal enum VectorPath
{
    /// <summary>128-bit vectors as any 64-bit processor has them.</summary>
    Portable,

    /// <summary>AVX2 and FMA.</summary>
    Avx2,

    /// <summary>AVX-512 F and BW.</summary>
    Avx512,
}

/// <summary>The processor that the host engine computes on.</summary>
internal static class HostProcessor
{
    /// <summary>The fastest path that the processor and the runtime have.</summary>
    public static VectorPath Path { get; } =
        Supports(VectorPath.Avx512) ? VectorPath.Avx512 : Supports(VectorPath.Avx2) ? VectorPath.Avx2 : VectorPath.Portable;

    /// <summary>Its name, for people.</summary>
    public static string Vectors { get; } = Path switch
    {
        VectorPath.Avx512 => "AVX-512 (Vector512)",
        VectorPath.Avx2 => "AVX2 (Vector256)",
        _ when Vector128.IsHardwareAccelerated => "128-bit vectors (Vector128)",
        _ => "no vector instructions",
    };

    public static bool Supports(VectorPath path) => path switch
    {
        VectorPath.Avx512 => Vector512.IsHardwareAccelerated && Avx512F.IsSupported && Avx512BW.IsSupported,
        VectorPath.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        _ => true,
    };
}
