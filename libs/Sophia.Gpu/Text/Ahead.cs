using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Text;

/// <summary>
/// Asks for a cache line before its turn comes, where the processor can be asked. Words, terms and postings lie scattered
/// over more memory than caches have, and a load that waits for it stops what is behind it; a request does not.
/// </summary>
internal static unsafe class Ahead
{
    private const int CacheLine = 64;

    /// <remarks>An object may move meanwhile: then the request is of no use, and does no harm.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch<T>(ref readonly T place)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in place)));
        }
    }

    /// <summary>The first two lines of an array; it is not looked at, not even at its length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(ushort[] features)
    {
        ref var first = ref MemoryMarshal.GetArrayDataReference(features);
        Fetch(ref first);
        Fetch(ref Unsafe.Add(ref first, CacheLine / sizeof(ushort)));
    }
}
