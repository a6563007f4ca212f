using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Vectors;

/// <summary>AVX2 and FMA: as <see cref="Avx512Kernels"/> with vectors half as long.</summary>
internal readonly unsafe partial struct Avx2Kernels : IKernels
{
    /// <summary>Bytes ahead for which a single scan asks: the reach of the hardware's own prefetcher ends with the 4 KiB page.</summary>
    private const int Ahead = 4096;

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
                Sse.Prefetch0((byte*)(row + i) + Ahead);
                Sse.Prefetch0((byte*)(row + i) + Ahead + 64);
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
                Sse.Prefetch0((byte*)row + i + Ahead);
            }

            sum0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(row + i)), Vector256.Load(query + i));
            sum1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(row + i + 16)), Vector256.Load(query + i + 16));
            sum0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(row + i + 32)), Vector256.Load(query + i + 32));
            sum1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(row + i + 48)), Vector256.Load(query + i + 48));
        }

        return Vector256.Sum(sum0 + sum1);
    }

    public static void Tile(float* rows, nint stride, float* packed, nint step, int length, float* scores)
    {
        var row0 = rows;
        var row1 = row0 + stride;
        var row2 = row1 + stride;
        var row3 = row2 + stride;
        var row4 = row3 + stride;
        var row5 = row4 + stride;
        var row6 = row5 + stride;
        var row7 = row6 + stride;
        for (nint half = 0; half < 16; half += 8)
        {
            Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            var q = packed + half;
            for (nint i = 0; i < length; i++, q += step)
            {
                var query = Vector256.Load(q);
                s0 = Fma.MultiplyAdd(Vector256.Create(row0[i]), query, s0);
                s1 = Fma.MultiplyAdd(Vector256.Create(row1[i]), query, s1);
                s2 = Fma.MultiplyAdd(Vector256.Create(row2[i]), query, s2);
                s3 = Fma.MultiplyAdd(Vector256.Create(row3[i]), query, s3);
                s4 = Fma.MultiplyAdd(Vector256.Create(row4[i]), query, s4);
                s5 = Fma.MultiplyAdd(Vector256.Create(row5[i]), query, s5);
                s6 = Fma.MultiplyAdd(Vector256.Create(row6[i]), query, s6);
                s7 = Fma.MultiplyAdd(Vector256.Create(row7[i]), query, s7);
            }

            s0.Store(scores + half);
            s1.Store(scores + half + 16);
            s2.Store(scores + half + 32);
            s3.Store(scores + half + 48);
            s4.Store(scores + half + 64);
            s5.Store(scores + half + 80);
            s6.Store(scores + half + 96);
            s7.Store(scores + half + 112);
        }
    }

    public static void WideTile(float* rows, nint stride, float* packed, int length, float* scores)
    {
        Tile(rows, stride, packed, 2 * IKernels.Lanes, length, scores);
        Tile(rows, stride, packed + IKernels.Lanes, 2 * IKernels.Lanes, length, scores + (IKernels.TileRows * IKernels.Lanes));
    }

    public static void Widen(sbyte* codes, short* wide, int length)
    {
        for (nint i = 0; i < length; i += 16)
        {
            Avx2.ConvertToVector256Int16(Vector128.Load(codes + i)).Store(wide + i);
        }
    }
}
