using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Vectors;

/// <summary>The score that hits are ordered by.</summary>
internal static class DotProduct
{
    /// <summary>
    /// In double precision and one fixed order, product and sum rounded apart: the same bits on every processor.
    /// </summary>
    /// <param name="a">A multiple of 16 long, as is b.</param>
    public static double Exact(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum0 = Vector512<double>.Zero;
        var sum1 = Vector512<double>.Zero;
        ref var first = ref MemoryMarshal.GetReference(a);
        ref var second = ref MemoryMarshal.GetReference(b[..a.Length]);
        for (nuint i = 0; i < (nuint)a.Length; i += 16)
        {
            var (a0, a1) = Vector512.Widen(Vector512.LoadUnsafe(ref first, i));
            var (b0, b1) = Vector512.Widen(Vector512.LoadUnsafe(ref second, i));
            sum0 += a0 * b0;
            sum1 += a1 * b1;
        }

        var sums = sum0 + sum1;
        double sum = 0;
        for (var i = 0; i < Vector512<double>.Count; i++)
        {
            sum += sums.GetElement(i);
        }

        return sum;
    }
}
