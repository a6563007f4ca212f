using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Vectors;

/// <summary>AVX2 and FMA: as <see cref="Avx512Kernels"/> with vectors half as long.</summary>
internal readonly unsafe partial struct Avx2Kernels : IKernels
{
    /// <summary>Bytes ahead for which a scan asks, from afar into the second cache and from near into the first (<see cref="Avx512Kernels"/>).</summary>
    private const int Near = 4096;
    private const int Far = 16384;

    public static float Dot(float* row, float* query, int length) => Dot(row, query, length, asksAhead: false);

    public static int Dot(sbyte* row, short* query, int length) => Dot(row, query, length, asksAhead: false);

    public static float DotAhead(float* row, float* query, int length) => Dot(row, query, length, asksAhead: true);

    public static int DotAhead(sbyte* row, short* query, int length) => Dot(row, query, length, asksAhead: true);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot(float* row, float* query, int length, bool asksAhead)
    {
        var sum0 = Vector256<float>.Zero;
        var sum1 = Vector256<float>.Zero;
        var sum2 = Vector256<float>.Zero;
        var sum3 = Vector256<float>.Zero;
        nint i = 0;
        for (; i <= length - 32; i += 32)
        {
            if (asksAhead)
            {
                Sse.Prefetch0((byte*)(row + i) + Near);
                Sse.Prefetch0((byte*)(row + i) + Near + 64);
                Sse.Prefetch1((byte*)(row + i) + Far);
                Sse.Prefetch1((byte*)(row + i) + Far + 64);
            }

            sum0 = Fma.MultiplyAdd(Vector256.Load(row + i), Vector256.Load(query + i), sum0);
            sum1 = Fma.MultiplyAdd(Vector256.Load(row + i + 8), Vector256.Load(query + i + 8), sum1);
            sum2 = Fma.MultiplyAdd(Vector256.Load(row + i + 16), Vector256.Load(query + i + 16), sum2);
            sum3 = Fma.MultiplyAdd(Vector256.Load(row + i + 24), Vector256.Load(query + i + 24), sum3);
        }

        for (; i < length; i += 8)
        {
            sum0 = Fma.MultiplyAdd(Vector256.Load(row + i), Vector256.Load(query + i), sum0);
        }

        return Vector256.Sum((sum0 + sum1) + (sum2 + sum3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Dot(sbyte* row, short* query, int length, bool asksAhead)
    {
        var sum0 = Vector256<int>.Zero;
        var sum1 = Vector256<int>.Zero;
        for (nint i = 0; i < length; i += 64)
        {
            if (asksAhead)
            {
                Sse.Prefetch0((byte*)row + i + Near);
                Sse.Prefetch1((byte*)row + i + Far);
            }

            sum0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(row + i)), Vector256.Load(query + i));
            sum1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(row + i + 16)), Vector256.Load(query + i + 16));
            sum0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(row + i + 32)), Vector256.Load(query + i + 32));
            sum1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(row + i + 48)), Vector256.Load(query + i + 48));
        }

        return Vector256.Sum(sum0 + sum1);
    }

    public static void Widen(sbyte* codes, short* wide, int length)
    {
        for (nint i = 0; i < length; i += 16)
        {
            Avx2.ConvertToVector256Int16(Vector128.Load(codes + i)).Store(wide + i);
        }
    }
}
