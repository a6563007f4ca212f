using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Vectors;

/// <summary>Dot products of rows whose length is a multiple of 16 floats.</summary>
internal static unsafe class DotProduct
{
    /// <summary>In single precision, with the widest vectors there are; the last bits depend on the processor.</summary>
    public static float Fast(float* a, float* b, int length)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return Wide(a, b, length);
        }

        var sum0 = Vector256<float>.Zero;
        var sum1 = Vector256<float>.Zero;
        for (var i = 0; i < length; i += 16)
        {
            sum0 = Vector256.MultiplyAddEstimate(Vector256.Load(a + i), Vector256.Load(b + i), sum0);
            sum1 = Vector256.MultiplyAddEstimate(Vector256.Load(a + i + 8), Vector256.Load(b + i + 8), sum1);
        }

        return Vector256.Sum(sum0 + sum1);
    }

    /// <summary>In double precision and one fixed order: the same bits on every processor.</summary>
    public static double Exact(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (var i = 0; i < a.Length; i += 4)
        {
            s0 += (double)a[i] * b[i];
            s1 += (double)a[i + 1] * b[i + 1];
            s2 += (double)a[i + 2] * b[i + 2];
            s3 += (double)a[i + 3] * b[i + 3];
        }

        return s0 + s1 + s2 + s3;
    }

    private static float Wide(float* a, float* b, int length)
    {
        var sum0 = Vector512<float>.Zero;
        var sum1 = Vector512<float>.Zero;
        var sum2 = Vector512<float>.Zero;
        var sum3 = Vector512<float>.Zero;
        var i = 0;
        for (; i <= length - 64; i += 64)
        {
            sum0 = Vector512.MultiplyAddEstimate(Vector512.Load(a + i), Vector512.Load(b + i), sum0);
            sum1 = Vector512.MultiplyAddEstimate(Vector512.Load(a + i + 16), Vector512.Load(b + i + 16), sum1);
            sum2 = Vector512.MultiplyAddEstimate(Vector512.Load(a + i + 32), Vector512.Load(b + i + 32), sum2);
            sum3 = Vector512.MultiplyAddEstimate(Vector512.Load(a + i + 48), Vector512.Load(b + i + 48), sum3);
        }

        for (; i < length; i += 16)
        {
            sum0 = Vector512.MultiplyAddEstimate(Vector512.Load(a + i), Vector512.Load(b + i), sum0);
        }

        return Vector512.Sum((sum0 + sum1) + (sum2 + sum3));
    }
}
