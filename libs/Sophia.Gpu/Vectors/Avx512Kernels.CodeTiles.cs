using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Vectors;

/// <content>Tiles of codes.</content>
internal readonly unsafe partial struct Avx512Kernels
{
    [MethodImpl(MethodImplOptions.NoInlining)]
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

    [MethodImpl(MethodImplOptions.NoInlining)]
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

    public static bool HasCoarse => true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void CoarseTile(byte* rows, sbyte* packed, int length, int* sums, sbyte* ahead)
    {
        var stride = (nint)length / 4;
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
        for (nint i = 0; i < stride; i += 2, q += 128, ahead += 64)
        {
            Sse.Prefetch0(ahead);
            var q0 = Vector512.Load(q);
            var q1 = Vector512.Load(q + 64);
            s0 += Products(row0[i], q0, row0[i + 1], q1);
            s1 += Products(row1[i], q0, row1[i + 1], q1);
            s2 += Products(row2[i], q0, row2[i + 1], q1);
            s3 += Products(row3[i], q0, row3[i + 1], q1);
            s4 += Products(row4[i], q0, row4[i + 1], q1);
            s5 += Products(row5[i], q0, row5[i + 1], q1);
            s6 += Products(row6[i], q0, row6[i + 1], q1);
            s7 += Products(row7[i], q0, row7[i + 1], q1);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Passing(int* sums, LaneLimits limits, int lane, float* thresholds, float scale, float error)
    {
        var products = Vector512.ConvertToSingle(Vector512.Load(sums) + Vector512.Load(limits.Corrections + lane));
        var bounds = Avx512F.FusedMultiplyAdd(Vector512.Load(limits.Slopes + lane), Vector512.Create(error), Vector512.Load(limits.Offsets + lane));
        var most = Avx512F.FusedMultiplyAdd(products, Vector512.Load(limits.Units + lane) * scale, bounds);
        return (uint)Vector512.GreaterThanOrEqual(most, Vector512.Load(thresholds + lane)).ExtractMostSignificantBits();
    }

    /// <summary>Eight products for each of 16 queries; <see cref="CoarseQuery"/> keeps the sums of four within 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Products(int four, Vector512<sbyte> q0, int next, Vector512<sbyte> q1) => Avx512BW.MultiplyAddAdjacent(
        Avx512BW.MultiplyAddAdjacent(Vector512.Create(four).AsByte(), q0) + Avx512BW.MultiplyAddAdjacent(Vector512.Create(next).AsByte(), q1),
        Vector512<short>.One);
}
