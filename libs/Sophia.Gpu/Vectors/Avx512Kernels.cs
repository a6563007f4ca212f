using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// AVX-512. The runtime does not offer AVX512-VNNI; VPMADDWD on widened codes does as many products a cycle as
/// VPMADDUBSW and VPMADDWD together, without their saturation, and lets the query keep 16 bits.
/// </summary>
internal readonly unsafe struct Avx512Kernels : IKernels
{
    /// <summary>Bytes ahead for which a single scan asks: the reach of the hardware's own prefetcher ends with the 4 KiB page.</summary>
    private const int Ahead = 4096;

    public static float Dot(float* row, float* query, int length)
    {
        var sum0 = Vector512<float>.Zero;
        var sum1 = Vector512<float>.Zero;
        var sum2 = Vector512<float>.Zero;
        var sum3 = Vector512<float>.Zero;
        nint i = 0;
        for (; i <= length - 64; i += 64)
        {
            Sse.Prefetch0((byte*)(row + i) + Ahead);
            Sse.Prefetch0((byte*)(row + i) + Ahead + 64);
            Sse.Prefetch0((byte*)(row + i) + Ahead + 128);
            Sse.Prefetch0((byte*)(row + i) + Ahead + 192);
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

    public static int Dot(sbyte* row, short* query, int length)
    {
        var sum0 = Vector512<int>.Zero;
        var sum1 = Vector512<int>.Zero;
        for (nint i = 0; i < length; i += 64)
        {
            Sse.Prefetch0((byte*)row + i + Ahead);
            sum0 += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(row + i)), Vector512.Load(query + i));
            sum1 += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(row + i + 32)), Vector512.Load(query + i + 32));
        }

        return Vector512.Sum(sum0 + sum1);
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
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        var q = packed;
        for (nint i = 0; i < length; i++, q += step)
        {
            var query = Vector512.Load(q);
            s0 = Avx512F.FusedMultiplyAdd(Vector512.Create(row0[i]), query, s0);
            s1 = Avx512F.FusedMultiplyAdd(Vector512.Create(row1[i]), query, s1);
            s2 = Avx512F.FusedMultiplyAdd(Vector512.Create(row2[i]), query, s2);
            s3 = Avx512F.FusedMultiplyAdd(Vector512.Create(row3[i]), query, s3);
            s4 = Avx512F.FusedMultiplyAdd(Vector512.Create(row4[i]), query, s4);
            s5 = Avx512F.FusedMultiplyAdd(Vector512.Create(row5[i]), query, s5);
            s6 = Avx512F.FusedMultiplyAdd(Vector512.Create(row6[i]), query, s6);
            s7 = Avx512F.FusedMultiplyAdd(Vector512.Create(row7[i]), query, s7);
        }

        s0.Store(scores);
        s1.Store(scores + 16);
        s2.Store(scores + 32);
        s3.Store(scores + 48);
        s4.Store(scores + 64);
        s5.Store(scores + 80);
        s6.Store(scores + 96);
        s7.Store(scores + 112);
    }

    public static void Tile(short* rows, short* packed, nint step, int length, int* sums)
    {
        var stride = (nint)length / 2;
        var row0 = (int*)rows;
        var row1 = row0 + stride;
        var row2 = row1 + stride;
        var row3 = row2 + stride;
        var row4 = row3 + stride;
        var row5 = row4 + stride;
        var row6 = row5 + stride;
        var row7 = row6 + stride;
        Vector512<int> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        var q = packed;
        for (nint i = 0; i < stride; i++, q += step)
        {
            var query = Vector512.Load(q);
            s0 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(row0[i]).AsInt16(), query);
            s1 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(row1[i]).AsInt16(), query);
            s2 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(row2[i]).AsInt16(), query);
            s3 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(row3[i]).AsInt16(), query);
            s4 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(row4[i]).AsInt16(), query);
            s5 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(row5[i]).AsInt16(), query);
            s6 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(row6[i]).AsInt16(), query);
            s7 += Avx512BW.MultiplyAddAdjacent(Vector512.Create(row7[i]).AsInt16(), query);
        }

        s0.Store(sums);
        s1.Store(sums + 16);
        s2.Store(sums + 32);
        s3.Store(sums + 48);
        s4.Store(sums + 64);
        s5.Store(sums + 80);
        s6.Store(sums + 96);
        s7.Store(sums + 112);
    }

    public static void WideTile(short* rows, short* packed, nint step, int length, int* sums)
    {
        // All rows by half of the queries: so each number of the queries, which come from the second cache, is used eight times.
        var stride = (nint)length / 2;
        var row0 = (float*)rows;
        var row1 = row0 + stride;
        var row2 = row1 + stride;
        var row3 = row2 + stride;
        var row4 = row3 + stride;
        var row5 = row4 + stride;
        var row6 = row5 + stride;
        var row7 = row6 + stride;
        for (var half = 0; half < 2; half++, packed += 64, sums += 32)
        {
            Vector512<int> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
            Vector512<int> e0 = default, e1 = default, f0 = default, f1 = default, g0 = default, g1 = default, h0 = default, h1 = default;
            var q = packed;
            for (nint i = 0; i < stride; i++, q += step)
            {
                var q0 = Vector512.Load(q);
                var q1 = Vector512.Load(q + 32);
                var row = Vector512.Create(row0[i]).AsInt16();
                a0 += Avx512BW.MultiplyAddAdjacent(row, q0);
                a1 += Avx512BW.MultiplyAddAdjacent(row, q1);
                row = Vector512.Create(row1[i]).AsInt16();
                b0 += Avx512BW.MultiplyAddAdjacent(row, q0);
                b1 += Avx512BW.MultiplyAddAdjacent(row, q1);
                row = Vector512.Create(row2[i]).AsInt16();
                c0 += Avx512BW.MultiplyAddAdjacent(row, q0);
                c1 += Avx512BW.MultiplyAddAdjacent(row, q1);
                row = Vector512.Create(row3[i]).AsInt16();
                d0 += Avx512BW.MultiplyAddAdjacent(row, q0);
                d1 += Avx512BW.MultiplyAddAdjacent(row, q1);
                row = Vector512.Create(row4[i]).AsInt16();
                e0 += Avx512BW.MultiplyAddAdjacent(row, q0);
                e1 += Avx512BW.MultiplyAddAdjacent(row, q1);
                row = Vector512.Create(row5[i]).AsInt16();
                f0 += Avx512BW.MultiplyAddAdjacent(row, q0);
                f1 += Avx512BW.MultiplyAddAdjacent(row, q1);
                row = Vector512.Create(row6[i]).AsInt16();
                g0 += Avx512BW.MultiplyAddAdjacent(row, q0);
                g1 += Avx512BW.MultiplyAddAdjacent(row, q1);
                row = Vector512.Create(row7[i]).AsInt16();
                h0 += Avx512BW.MultiplyAddAdjacent(row, q0);
                h1 += Avx512BW.MultiplyAddAdjacent(row, q1);
            }

            a0.Store(sums);
            a1.Store(sums + 16);
            b0.Store(sums + 64);
            b1.Store(sums + 80);
            c0.Store(sums + 128);
            c1.Store(sums + 144);
            d0.Store(sums + 192);
            d1.Store(sums + 208);
            e0.Store(sums + 256);
            e1.Store(sums + 272);
            f0.Store(sums + 320);
            f1.Store(sums + 336);
            g0.Store(sums + 384);
            g1.Store(sums + 400);
            h0.Store(sums + 448);
            h1.Store(sums + 464);
        }
    }

    public static void Widen(sbyte* codes, short* wide, int length)
    {
        for (nint i = 0; i < length; i += 32)
        {
            Avx512BW.ConvertToVector512Int16(Vector256.Load(codes + i)).Store(wide + i);
        }
    }
}
