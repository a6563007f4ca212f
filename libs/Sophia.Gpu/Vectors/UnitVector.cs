using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Vectors;

/// <summary>Vectors scaled to length 1, so that their dot product is their cosine.</summary>
internal static class UnitVector
{
    /// <summary>A vector without direction (zero, or of no finite length) becomes zeros: its cosine with everything is 0.</summary>
    /// <param name="row">At least as long; what is over is zeros.</param>
    public static void Scale(ReadOnlySpan<float> vector, Span<float> row)
    {
        var length = Math.Sqrt(SquaredLength(vector));
        var scale = 1 / length;
        row[vector.Length..].Clear();
        if (!double.IsFinite(length) || !double.IsFinite(scale))
        {
            row.Clear();
            return;
        }

        var i = 0;
        for (; i <= vector.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var (lower, upper) = Vector256.Widen(Vector256.Create(vector[i..]));
            Vector256.Narrow(lower * scale, upper * scale).CopyTo(row[i..]);
        }

        for (; i < vector.Length; i++)
        {
            row[i] = (float)(vector[i] * scale);
        }
    }

    /// <summary>In its place. One with a component that is no finite number stays as it is: whoever checks it can tell that.</summary>
    public static void Scale(Span<float> vector)
    {
        if (double.IsFinite(SquaredLength(vector)))
        {
            Scale(vector, vector);
        }
    }

    /// <summary>Not finite where a component is not: the square of every float is a double.</summary>
    public static double Length(ReadOnlySpan<float> vector) => Math.Sqrt(SquaredLength(vector));

    // Eight sums in a fixed order: the same bits whatever vectors the processor has.
    private static double SquaredLength(ReadOnlySpan<float> vector)
    {
        var (even, odd) = (Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i <= vector.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var (lower, upper) = Vector256.Widen(Vector256.Create(vector[i..]));
            even += lower * lower;
            odd += upper * upper;
        }

        var sums = even + odd;
        var sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        for (; i < vector.Length; i++)
        {
            sum += (double)vector[i] * vector[i];
        }

        return sum;
    }
}
