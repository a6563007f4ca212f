using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Vectors;

/// <summary>128-bit vectors, without an instruction of one processor family; right everywhere, and the measure for the other paths.</summary>
internal readonly unsafe struct PortableKernels : IKernels
{
    public static float Dot(float* row, float* query, int length)
    {
        var sum0 = Vector128<float>.Zero;
        var sum1 = Vector128<float>.Zero;
        var sum2 = Vector128<float>.Zero;
        var sum3 = Vector128<float>.Zero;
        for (nint i = 0; i < length; i += 16)
        {
            sum0 = Vector128.MultiplyAddEstimate(Vector128.Load(row + i), Vector128.Load(query + i), sum0);
            sum1 = Vector128.MultiplyAddEstimate(Vector128.Load(row + i + 4), Vector128.Load(query + i + 4), sum1);
            sum2 = Vector128.MultiplyAddEstimate(Vector128.Load(row + i + 8), Vector128.Load(query + i + 8), sum2);
            sum3 = Vector128.MultiplyAddEstimate(Vector128.Load(row + i + 12), Vector128.Load(query + i + 12), sum3);
        }

        return Vector128.Sum((sum0 + sum1) + (sum2 + sum3));
    }

    public static int Dot(sbyte* row, short* query, int length)
    {
        var sum0 = Vector128<int>.Zero;
        var sum1 = Vector128<int>.Zero;
        for (nint i = 0; i < length; i += 16)
        {
            var (low, high) = Vector128.Widen(Vector128.Load(row + i));
            sum0 = AddProducts(low, Vector128.Load(query + i), sum0);
            sum1 = AddProducts(high, Vector128.Load(query + i + 8), sum1);
        }

        return Vector128.Sum(sum0 + sum1);
    }

    public static float DotAhead(float* row, float* query, int length) => Dot(row, query, length);

    public static int DotAhead(sbyte* row, short* query, int length) => Dot(row, query, length);

    public static void Tile(float* rows, nint stride, float* packed, nint step, int length, float* scores)
    {
        for (var row = 0; row < IKernels.TileRows; row++, rows += stride, scores += IKernels.Lanes)
        {
            Vector128<float> s0 = default, s1 = default, s2 = default, s3 = default;
            var q = packed;
            for (nint i = 0; i < length; i++, q += step)
            {
                var component = Vector128.Create(rows[i]);
                s0 = Vector128.MultiplyAddEstimate(component, Vector128.Load(q), s0);
                s1 = Vector128.MultiplyAddEstimate(component, Vector128.Load(q + 4), s1);
                s2 = Vector128.MultiplyAddEstimate(component, Vector128.Load(q + 8), s2);
                s3 = Vector128.MultiplyAddEstimate(component, Vector128.Load(q + 12), s3);
            }

            s0.Store(scores);
            s1.Store(scores + 4);
            s2.Store(scores + 8);
            s3.Store(scores + 12);
        }
    }

    public static void WideTile(float* rows, nint stride, float* packed, int length, float* scores)
    {
        Tile(rows, stride, packed, 2 * IKernels.Lanes, length, scores);
        Tile(rows, stride, packed + IKernels.Lanes, 2 * IKernels.Lanes, length, scores + (IKernels.TileRows * IKernels.Lanes));
    }

    public static bool HasCoarse => false;

    public static void CoarseTile(byte* rows, sbyte* packed, int length, int* sums, sbyte* ahead)
    {
        for (var row = 0; row < IKernels.TileRows; row++, rows += length)
        {
            for (var lane = 0; lane < IKernels.Lanes; lane++)
            {
                var sum = 0;
                for (var i = 0; i < length; i++)
                {
                    sum += rows[i] * packed[(i / 4 * 64) + (lane * 4) + (i % 4)];
                }

                *sums++ = sum;
            }
        }
    }

    public static uint Passing(int* sums, LaneLimits limits, int lane, float* thresholds, float scale, float error)
    {
        var passing = 0u;
        for (var i = 0; i < IKernels.Lanes; i++)
        {
            var most = ((sums[i] + limits.Corrections[lane + i]) * (limits.Units[lane + i] * scale)) + ((limits.Slopes[lane + i] * error) + limits.Offsets[lane + i]);
            passing |= most >= thresholds[lane + i] ? 1u << i : 0;
        }

        return passing;
    }

    public static void Tile(short* rows, short* packed, nint step, int length, int* sums)
    {
        for (var row = 0; row < IKernels.TileRows; row++, rows += length)
        {
            for (var lane = 0; lane < IKernels.Lanes; lane++)
            {
                var sum = 0;
                var q = packed + (lane * 2);
                for (nint i = 0; i < length; i += 2, q += step)
                {
                    sum += (rows[i] * q[0]) + (rows[i + 1] * q[1]);
                }

                *sums++ = sum;
            }
        }
    }

    public static void WideTile(short* rows, short* packed, nint step, int length, int* sums)
    {
        var tile = stackalloc int[IKernels.TileRows * IKernels.Lanes];
        for (var group = 0; group < 4; group++)
        {
            Tile(rows, packed + (group * 2 * IKernels.Lanes), step, length, tile);
            for (var row = 0; row < IKernels.TileRows; row++)
            {
                new ReadOnlySpan<int>(tile + (row * IKernels.Lanes), IKernels.Lanes)
                    .CopyTo(new Span<int>(sums + (row * 64) + (group * IKernels.Lanes), IKernels.Lanes));
            }
        }
    }

    public static void Widen(sbyte* codes, short* wide, int length)
    {
        for (nint i = 0; i < length; i += 16)
        {
            var (low, high) = Vector128.Widen(Vector128.Load(codes + i));
            low.Store(wide + i);
            high.Store(wide + i + 8);
        }
    }

    private static Vector128<int> AddProducts(Vector128<short> a, Vector128<short> b, Vector128<int> sum)
    {
        var (aLow, aHigh) = Vector128.Widen(a);
        var (bLow, bHigh) = Vector128.Widen(b);
        return sum + (aLow * bLow) + (aHigh * bHigh);
    }
}
