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

        for (var i = 0; i < vector.Length; i++)
        {
            row[i] = (float)(vector[i] * scale);
        }
    }

    private static double SquaredLength(ReadOnlySpan<float> vector)
    {
        double s0 = 0, s1 = 0;
        var i = 0;
        for (; i + 1 < vector.Length; i += 2)
        {
            s0 += (double)vector[i] * vector[i];
            s1 += (double)vector[i + 1] * vector[i + 1];
        }

        return i < vector.Length ? s0 + s1 + ((double)vector[i] * vector[i]) : s0 + s1;
    }
}
