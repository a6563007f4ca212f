using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Vectors;

/// <content>Tiles in single precision.</content>
internal readonly unsafe partial struct Avx512Kernels
{
    /// <summary>Bytes of the next tile that are asked for with each component: as many as it has.</summary>
    private const int AheadPerComponent = IKernels.TileRows * sizeof(float);

    [MethodImpl(MethodImplOptions.NoInlining)]
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WideTile(float* rows, nint stride, float* packed, int length, float* scores)
    {
        var row0 = rows;
        var row1 = row0 + stride;
        var row2 = row1 + stride;
        var row3 = row2 + stride;
        var row4 = row3 + stride;
        var row5 = row4 + stride;
        var row6 = row5 + stride;
        var row7 = row6 + stride;
        Vector512<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        Vector512<float> e0 = default, e1 = default, f0 = default, f1 = default, g0 = default, g1 = default, h0 = default, h1 = default;
        var q = packed;
        var ahead = (byte*)(row7 + stride);
        for (nint i = 0; i < length; i++, q += 2 * IKernels.Lanes, ahead += AheadPerComponent)
        {
            Sse.Prefetch0(ahead);
            var q0 = Vector512.Load(q);
            var q1 = Vector512.Load(q + 16);
            var row = Vector512.Create(row0[i]);
            a0 = Avx512F.FusedMultiplyAdd(row, q0, a0);
            a1 = Avx512F.FusedMultiplyAdd(row, q1, a1);
            row = Vector512.Create(row1[i]);
            b0 = Avx512F.FusedMultiplyAdd(row, q0, b0);
            b1 = Avx512F.FusedMultiplyAdd(row, q1, b1);
            row = Vector512.Create(row2[i]);
            c0 = Avx512F.FusedMultiplyAdd(row, q0, c0);
            c1 = Avx512F.FusedMultiplyAdd(row, q1, c1);
            row = Vector512.Create(row3[i]);
            d0 = Avx512F.FusedMultiplyAdd(row, q0, d0);
            d1 = Avx512F.FusedMultiplyAdd(row, q1, d1);
            row = Vector512.Create(row4[i]);
            e0 = Avx512F.FusedMultiplyAdd(row, q0, e0);
            e1 = Avx512F.FusedMultiplyAdd(row, q1, e1);
            row = Vector512.Create(row5[i]);
            f0 = Avx512F.FusedMultiplyAdd(row, q0, f0);
            f1 = Avx512F.FusedMultiplyAdd(row, q1, f1);
            row = Vector512.Create(row6[i]);
            g0 = Avx512F.FusedMultiplyAdd(row, q0, g0);
            g1 = Avx512F.FusedMultiplyAdd(row, q1, g1);
            row = Vector512.Create(row7[i]);
            h0 = Avx512F.FusedMultiplyAdd(row, q0, h0);
            h1 = Avx512F.FusedMultiplyAdd(row, q1, h1);
        }

        a0.Store(scores);
        b0.Store(scores + 16);
        c0.Store(scores + 32);
        d0.Store(scores + 48);
        e0.Store(scores + 64);
        f0.Store(scores + 80);
        g0.Store(scores + 96);
        h0.Store(scores + 112);
        a1.Store(scores + 128);
        b1.Store(scores + 144);
        c1.Store(scores + 160);
        d1.Store(scores + 176);
        e1.Store(scores + 192);
        f1.Store(scores + 208);
        g1.Store(scores + 224);
        h1.Store(scores + 240);
    }
}
