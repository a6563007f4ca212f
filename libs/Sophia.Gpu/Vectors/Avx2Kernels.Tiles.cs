using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Vectors;

/// <content>
/// Tiles in single precision. Of 16 registers, three rows by four vectors of queries use all: seven loads for twelve products. Eight rows by
/// one vector take nine for eight, and loads are what such a tile waits for.
/// </content>
internal readonly unsafe partial struct Avx2Kernels
{
    /// <summary>Bytes of the next tile that two of the three parts of a tile ask for with each component: half as many as it has.</summary>
    private const int AheadPerComponent = IKernels.TileRows * sizeof(float) / 2;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Tile(float* rows, nint stride, float* packed, nint step, int length, float* scores)
    {
        for (var row = 0; row < IKernels.TileRows; row += 4, rows += 4 * stride, scores += 4 * IKernels.Lanes)
        {
            var row1 = rows + stride;
            var row2 = row1 + stride;
            var row3 = row2 + stride;
            Vector256<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
            var q = packed;
            for (nint i = 0; i < length; i++, q += step)
            {
                var q0 = Vector256.Load(q);
                var q1 = Vector256.Load(q + 8);
                var one = Vector256.Create(rows[i]);
                a0 = Fma.MultiplyAdd(one, q0, a0);
                a1 = Fma.MultiplyAdd(one, q1, a1);
                one = Vector256.Create(row1[i]);
                b0 = Fma.MultiplyAdd(one, q0, b0);
                b1 = Fma.MultiplyAdd(one, q1, b1);
                one = Vector256.Create(row2[i]);
                c0 = Fma.MultiplyAdd(one, q0, c0);
                c1 = Fma.MultiplyAdd(one, q1, c1);
                one = Vector256.Create(row3[i]);
                d0 = Fma.MultiplyAdd(one, q0, d0);
                d1 = Fma.MultiplyAdd(one, q1, d1);
            }

            a0.Store(scores);
            a1.Store(scores + 8);
            b0.Store(scores + 16);
            b1.Store(scores + 24);
            c0.Store(scores + 32);
            c1.Store(scores + 40);
            d0.Store(scores + 48);
            d1.Store(scores + 56);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WideTile(float* rows, nint stride, float* packed, int length, float* scores)
    {
        var ahead = (byte*)(rows + (IKernels.TileRows * stride));
        ThreeRows(rows, stride, packed, length, scores, ahead);
        ThreeRows(rows + (3 * stride), stride, packed, length, scores + (3 * IKernels.Lanes), ahead + ((nint)length * AheadPerComponent));
        TwoRows(rows + (6 * stride), stride, packed, length, scores + (6 * IKernels.Lanes));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThreeRows(float* rows, nint stride, float* packed, int length, float* scores, byte* ahead)
    {
        var row1 = rows + stride;
        var row2 = row1 + stride;
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default;
        Vector256<float> b0 = default, b1 = default, b2 = default, b3 = default;
        Vector256<float> c0 = default, c1 = default, c2 = default, c3 = default;
        var q = packed;
        for (nint i = 0; i < length; i++, q += 2 * IKernels.Lanes)
        {
            Sse.Prefetch0(ahead + (i * AheadPerComponent));
            var a = Vector256.Create(rows[i]);
            var b = Vector256.Create(row1[i]);
            var c = Vector256.Create(row2[i]);
            var query = Vector256.Load(q);
            a0 = Fma.MultiplyAdd(a, query, a0);
            b0 = Fma.MultiplyAdd(b, query, b0);
            c0 = Fma.MultiplyAdd(c, query, c0);
            query = Vector256.Load(q + 8);
            a1 = Fma.MultiplyAdd(a, query, a1);
            b1 = Fma.MultiplyAdd(b, query, b1);
            c1 = Fma.MultiplyAdd(c, query, c1);
            query = Vector256.Load(q + 16);
            a2 = Fma.MultiplyAdd(a, query, a2);
            b2 = Fma.MultiplyAdd(b, query, b2);
            c2 = Fma.MultiplyAdd(c, query, c2);
            query = Vector256.Load(q + 24);
            a3 = Fma.MultiplyAdd(a, query, a3);
            b3 = Fma.MultiplyAdd(b, query, b3);
            c3 = Fma.MultiplyAdd(c, query, c3);
        }

        a0.Store(scores);
        a1.Store(scores + 8);
        a2.Store(scores + 128);
        a3.Store(scores + 136);
        b0.Store(scores + 16);
        b1.Store(scores + 24);
        b2.Store(scores + 144);
        b3.Store(scores + 152);
        c0.Store(scores + 32);
        c1.Store(scores + 40);
        c2.Store(scores + 160);
        c3.Store(scores + 168);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TwoRows(float* rows, nint stride, float* packed, int length, float* scores)
    {
        var row1 = rows + stride;
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default;
        Vector256<float> b0 = default, b1 = default, b2 = default, b3 = default;
        var q = packed;
        for (nint i = 0; i < length; i++, q += 2 * IKernels.Lanes)
        {
            var a = Vector256.Create(rows[i]);
            var b = Vector256.Create(row1[i]);
            var query = Vector256.Load(q);
            a0 = Fma.MultiplyAdd(a, query, a0);
            b0 = Fma.MultiplyAdd(b, query, b0);
            query = Vector256.Load(q + 8);
            a1 = Fma.MultiplyAdd(a, query, a1);
            b1 = Fma.MultiplyAdd(b, query, b1);
            query = Vector256.Load(q + 16);
            a2 = Fma.MultiplyAdd(a, query, a2);
            b2 = Fma.MultiplyAdd(b, query, b2);
            query = Vector256.Load(q + 24);
            a3 = Fma.MultiplyAdd(a, query, a3);
            b3 = Fma.MultiplyAdd(b, query, b3);
        }

        a0.Store(scores);
        a1.Store(scores + 8);
        a2.Store(scores + 128);
        a3.Store(scores + 136);
        b0.Store(scores + 16);
        b1.Store(scores + 24);
        b2.Store(scores + 144);
        b3.Store(scores + 152);
    }
}
