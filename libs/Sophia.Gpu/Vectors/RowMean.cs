using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Vectors;

/// <summary>The mean of rows, added up as doubles: floats of any size have one, where a sum of floats may be beyond all of them.</summary>
/// <param name="width">Components of a row.</param>
internal sealed class RowMean(int width)
{
    private readonly double[] _sum = new double[width];
    private int _count;

    public void Add(ReadOnlySpan<float> row)
    {
        var i = 0;
        for (; i <= width - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var (lower, upper) = Vector256.Widen(Vector256.Create(row[i..]));
            ref var sums = ref MemoryMarshal.GetArrayDataReference(_sum);
            (Vector256.LoadUnsafe(ref sums, (nuint)i) + lower).StoreUnsafe(ref sums, (nuint)i);
            (Vector256.LoadUnsafe(ref sums, (nuint)(i + Vector256<double>.Count)) + upper).StoreUnsafe(ref sums, (nuint)(i + Vector256<double>.Count));
        }

        for (; i < width; i++)
        {
            _sum[i] += row[i];
        }

        _count++;
    }

    /// <summary>Zeros where nothing was added; begins anew.</summary>
    public void Take(Span<float> mean)
    {
        for (var i = 0; i < width; i++)
        {
            mean[i] = (float)(_sum[i] / Math.Max(1, _count));
        }

        _sum.AsSpan().Clear();
        _count = 0;
    }
}
