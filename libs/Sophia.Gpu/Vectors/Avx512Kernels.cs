using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// AVX-512. The runtime does not offer AVX512-VNNI. VPMADDWD on widened codes lets the query keep 16 bits; where 8 are enough
/// (<see cref="CoarseQuery"/>), VPMADDUBSW does twice as many products.
/// </summary>
internal readonly unsafe partial struct Avx512Kernels : IKernels
{
    /// <summary>
    /// Bytes ahead for which a scan asks, since the reach of the hardware's own prefetcher ends with the 4 KiB page: from afar into
    /// the second cache, which can wait for more lines at once than the first, and from near into the first. With one of the two
    /// a scan from memory takes a sixth longer.
    /// </summary>
    private const int Near = 4096;
    private const int Far = 16384;
    private const int NearCodes = 2048;
    private const int FarCodes = 8192;

    public static float Dot(float* row, float* query, int length) => Dot(row, query, length, asksAhead: false);

    public static int Dot(sbyte* row, short* query, int length) => Dot(row, query, length, asksAhead: false);

    public static float DotAhead(float* row, float* query, int length) => Dot(row, query, length, asksAhead: true);

    public static int DotAhead(sbyte* row, short* query, int length) => Dot(row, query, length, asksAhead: true);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot(float* row, float* query, int length, bool asksAhead)
    {
        var sum0 = Vector512<float>.Zero;
        var sum1 = Vector512<float>.Zero;
        var sum2 = Vector512<float>.Zero;
        var sum3 = Vector512<float>.Zero;
        nint i = 0;
        for (; i <= length - 64; i += 64)
        {
            if (asksAhead)
            {
                Sse.Prefetch0((byte*)(row + i) + Near);
                Sse.Prefetch0((byte*)(row + i) + Near + 64);
                Sse.Prefetch0((byte*)(row + i) + Near + 128);
                Sse.Prefetch0((byte*)(row + i) + Near + 192);
                Sse.Prefetch1((byte*)(row + i) + Far);
                Sse.Prefetch1((byte*)(row + i) + Far + 64);
                Sse.Prefetch1((byte*)(row + i) + Far + 128);
                Sse.Prefetch1((byte*)(row + i) + Far + 192);
            }

            sum0 = Avx512F.FusedMultiplyAdd(Vector512.Load(row + i), Vector512.Load(query + i), sum0);
            sum1 = Avx512F.FusedMultiplyAdd(Vector512.Load(row + i + 16), Vector512.Load(query + i + 16), sum1);
            sum2 = Avx512F.FusedMultiplyAdd(Vector512.Load(row + i + 32), Vector512.Load(query + i + 32), sum2);
            sum3 = Avx512F.FusedMultiplyAdd(Vector512.Load(row + i + 48), Vector512.Load(query + i + 48), sum3);
        }

        for (; i < length; i += 16)
        {
            sum0 = Avx512F.FusedMultiplyAdd(Vector512.Load(row + i), Vector512.Load(query + i), sum0);
        }

        return Vector512.Sum((sum0 + sum1) + (sum2 + sum3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Dot(sbyte* row, short* query, int length, bool asksAhead)
    {
        var sum0 = Vector512<int>.Zero;
        var sum1 = Vector512<int>.Zero;
        for (nint i = 0; i < length; i += 64)
        {
            if (asksAhead)
            {
                Sse.Prefetch0((byte*)row + i + NearCodes);
                Sse.Prefetch1((byte*)row + i + FarCodes);
            }

            sum0 += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(row + i)), Vector512.Load(query + i));
            sum1 += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(row + i + 32)), Vector512.Load(query + i + 32));
        }

        return Vector512.Sum(sum0 + sum1);
    }

    public static void Widen(sbyte* codes, short* wide, int length)
    {
        for (nint i = 0; i < length; i += 32)
        {
            Avx512BW.ConvertToVector512Int16(Vector256.Load(codes + i)).Store(wide + i);
        }
    }
}
