using System.Numerics.Tensors;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// A row as 8-bit numbers of one scale, with what that costs. For a row r of length 1: scale s = max|rᵢ| / 127,
/// cᵢ = round(rᵢ / s) in −127…127, and the error ε = ‖r − s·c‖₂, computed in double precision from the row itself and
/// rounded up: not an estimate from the step. It is what <see cref="PreparedQuery"/> bounds scores with.
/// </summary>
internal static class RowCode
{
    /// <summary>The largest code.</summary>
    public const int Most = 127;

    /// <param name="row">Finite; the length of the codes.</param>
    public static (float Scale, float Error) Encode(ReadOnlySpan<float> row, Span<sbyte> codes)
    {
        var scale = Math.Abs(TensorPrimitives.MaxMagnitude(row)) / Most;
        if (scale == 0)
        {
            codes.Clear();
            return (0, 0);
        }

        var inverse = 1 / scale;
        double squares = 0;
        for (var i = 0; i < row.Length; i++)
        {
            var code = Math.Clamp((int)MathF.Round(row[i] * inverse), -Most, Most);
            codes[i] = (sbyte)code;
            var residual = row[i] - ((double)scale * code);
            squares += residual * residual;
        }

        // Products and sums of at most 4,096 doubles are off by less than one part in 10⁹.
        return (scale, MathF.BitIncrement((float)(Math.Sqrt(squares) * (1 + 1e-9))));
    }
}
