using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Vectors;

/// <content>Tiles of codes.</content>
internal readonly unsafe partial struct Avx2Kernels
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
        for (nint half = 0; half < 16; half += 8)
        {
            Vector256<int> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            var q = packed + (half * 2);
            for (nint i = 0; i < stride; i++, q += step)
            {
                var query = Vector256.Load(q);
                s0 += Avx2.MultiplyAddAdjacent(Vector256.Create(row0[i]).AsInt16(), query);
                s1 += Avx2.MultiplyAddAdjacent(Vector256.Create(row1[i]).AsInt16(), query);
                s2 += Avx2.MultiplyAddAdjacent(Vector256.Create(row2[i]).AsInt16(), query);
                s3 += Avx2.MultiplyAddAdjacent(Vector256.Create(row3[i]).AsInt16(), query);
                s4 += Avx2.MultiplyAddAdjacent(Vector256.Create(row4[i]).AsInt16(), query);
                s5 += Avx2.MultiplyAddAdjacent(Vector256.Create(row5[i]).AsInt16(), query);
                s6 += Avx2.MultiplyAddAdjacent(Vector256.Create(row6[i]).AsInt16(), query);
                s7 += Avx2.MultiplyAddAdjacent(Vector256.Create(row7[i]).AsInt16(), query);
            }

            s0.Store(sums + half);
            s1.Store(sums + half + 16);
            s2.Store(sums + half + 32);
            s3.Store(sums + half + 48);
            s4.Store(sums + half + 64);
            s5.Store(sums + half + 80);
            s6.Store(sums + half + 96);
            s7.Store(sums + half + 112);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WideTile(short* rows, short* packed, nint step, int length, int* sums)
    {
        var tile = stackalloc int[8 * 16];
        for (var group = 0; group < 4; group++)
        {
            Tile(rows, packed + (group * 32), step, length, tile);
            for (var row = 0; row < 8; row++)
            {
                Vector256.Load(tile + (row * 16)).Store(sums + (row * 64) + (group * 16));
                Vector256.Load(tile + (row * 16) + 8).Store(sums + (row * 64) + (group * 16) + 8);
            }
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
        for (var half = 0; half < 16; half += 8)
        {
            Vector256<int> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            var q = packed + (half * 4);
            for (nint i = 0; i < stride; i += 2, q += 128)
            {
                Sse.Prefetch0(ahead + (i * 32));
                var q0 = Vector256.Load(q);
                var q1 = Vector256.Load(q + 64);
                s0 += Products(row0[i], q0, row0[i + 1], q1);
                s1 += Products(row1[i], q0, row1[i + 1], q1);
                s2 += Products(row2[i], q0, row2[i + 1], q1);
                s3 += Products(row3[i], q0, row3[i + 1], q1);
                s4 += Products(row4[i], q0, row4[i + 1], q1);
                s5 += Products(row5[i], q0, row5[i + 1], q1);
                s6 += Products(row6[i], q0, row6[i + 1], q1);
                s7 += Products(row7[i], q0, row7[i + 1], q1);
            }

            s0.Store(sums + half);
            s1.Store(sums + half + 16);
            s2.Store(sums + half + 32);
            s3.Store(sums + half + 48);
            s4.Store(sums + half + 64);
            s5.Store(sums + half + 80);
            s6.Store(sums + half + 96);
            s7.Store(sums + half + 112);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Passing(int* sums, LaneLimits limits, int lane, float* thresholds, float scale, float error) =>
        PassingEight(sums, limits, lane, thresholds, scale, error) | (PassingEight(sums + 8, limits, lane + 8, thresholds, scale, error) << 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint PassingEight(int* sums, LaneLimits limits, int lane, float* thresholds, float scale, float error)
    {
        var products = Vector256.ConvertToSingle(Vector256.Load(sums) + Vector256.Load(limits.Corrections + lane));
        var bounds = Fma.MultiplyAdd(Vector256.Load(limits.Slopes + lane), Vector256.Create(error), Vector256.Load(limits.Offsets + lane));
        var most = Fma.MultiplyAdd(products, Vector256.Load(limits.Units + lane) * scale, bounds);
        return Vector256.GreaterThanOrEqual(most, Vector256.Load(thresholds + lane)).ExtractMostSignificantBits();
    }

    /// <summary>Eight products for each of 8 queries; <see cref="CoarseQuery"/> keeps the sums of four within 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Products(int four, Vector256<sbyte> q0, int next, Vector256<sbyte> q1) => Avx2.MultiplyAddAdjacent(
        Avx2.MultiplyAddAdjacent(Vector256.Create(four).AsByte(), q0) + Avx2.MultiplyAddAdjacent(Vector256.Create(next).AsByte(), q1),
        Vector256<short>.One);
}
