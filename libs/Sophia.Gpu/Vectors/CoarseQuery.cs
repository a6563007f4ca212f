using System.Numerics.Tensors;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// A query as 8-bit numbers, by which a batch passes over most rows at half the work of <see cref="PreparedQuery"/>'s 16 bits.
/// Its bound is wider, so it only says which rows cannot be among the best; the others are scored by the 16 bits at once,
/// and what is kept is the same as without it.
/// <list type="number">
/// <item>The bound is derived as there: with q = t·d + f and φ = ‖f‖, the score s·t·(c·d) is off by at most
/// ‖q‖·ε + φ·(‖r‖ + ε). Scores can reach (1 + ε)·(1 + φ), below 4, so their roundings are given 4·10⁻⁶.</item>
/// <item>Codes are taken plus 128, from 1 to 255, since VPMADDUBSW wants them without sign; 128·Σdᵢ is taken off again.
/// It adds two products in 16 bits, and two such sums are added before they are widened. t is chosen so that the
/// |dᵢ| of these four, those at 0, 1, 4, 5 and at 2, 3, 6, 7 of each eight components, sum up to 128 at most; 255 · 128 is below
/// 2¹⁵, so nothing saturates or wraps.</item>
/// </list>
/// </summary>
internal readonly struct CoarseQuery
{
    private const double Rounding = 4e-6;
    private const int MostOfFour = 128;

    private CoarseQuery(float scale, float slope, float offset, int sum) => (Scale, Slope, Offset, Sum) = (scale, slope, offset, sum);

    /// <summary>What a unit is worth: t.</summary>
    public float Scale { get; }

    /// <summary>Of the bound, for each unit of the row's error.</summary>
    public float Slope { get; }

    /// <summary>Of the bound, for any row.</summary>
    public float Offset { get; }

    /// <summary>Of the codes.</summary>
    public int Sum { get; }

    /// <param name="query">Of length 1, or zeros; padded to whole cache lines.</param>
    /// <param name="codes">At least as long, a multiple of 8; what is over becomes zeros.</param>
    public static CoarseQuery Encode(ReadOnlySpan<float> query, Span<sbyte> codes)
    {
        codes.Clear();
        var most = Math.Abs(TensorPrimitives.MaxMagnitude(query));
        if (most == 0)
        {
            return new CoarseQuery(0, 0, (float)Rounding, 0);
        }

        double ofFour = 0;
        for (var i = 0; i < query.Length; i += 8)
        {
            var eight = query.Slice(i, 8);
            ofFour = Math.Max(ofFour, (double)Math.Abs(eight[0]) + Math.Abs(eight[1]) + Math.Abs(eight[4]) + Math.Abs(eight[5]));
            ofFour = Math.Max(ofFour, (double)Math.Abs(eight[2]) + Math.Abs(eight[3]) + Math.Abs(eight[6]) + Math.Abs(eight[7]));
        }

        // Rounding adds at most a half to each of the four.
        var inverse = Math.Min(sbyte.MaxValue / (double)most, (MostOfFour - 2) / ofFour);
        var scale = (float)(1 / inverse);
        var (sum, squares, residuals) = (0, 0.0, 0.0);
        for (var i = 0; i < query.Length; i++)
        {
            var code = Math.Clamp((int)Math.Round(query[i] * inverse), -sbyte.MaxValue, sbyte.MaxValue);
            codes[i] = (sbyte)code;
            sum += code;
            var residual = query[i] - ((double)scale * code);
            squares += (double)query[i] * query[i];
            residuals += residual * residual;
        }

        var error = Math.Sqrt(residuals) * (1 + 1e-9);
        return new CoarseQuery(
            scale, MathF.BitIncrement((float)((Math.Sqrt(squares) * (1 + 1e-9)) + error)),
            MathF.BitIncrement((float)((error * (1 + Rounding)) + Rounding)), sum);
    }
}
