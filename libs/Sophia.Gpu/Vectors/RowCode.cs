using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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

    private const int AtOnce = 32;

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
        var sums = Vector256<double>.Zero;
        var i = 0;
        for (; i <= row.Length - AtOnce; i += AtOnce)
        {
            var some = row.Slice(i, AtOnce);
            var first = Vector256.Narrow(Encode(some, 0, scale, inverse, ref sums), Encode(some, 8, scale, inverse, ref sums));
            var second = Vector256.Narrow(Encode(some, 16, scale, inverse, ref sums), Encode(some, 24, scale, inverse, ref sums));
            Vector256.Narrow(first, second).CopyTo(codes[i..]);
        }

        var squares = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        for (; i < row.Length; i++)
        {
            var code = Math.Clamp((int)MathF.Round(row[i] * inverse), -Most, Most);
            codes[i] = (sbyte)code;
            var residual = row[i] - ((double)scale * code);
            squares += residual * residual;
        }

        // Products and sums of at most 4,096 doubles are off by less than one part in 10⁹.
        return (scale, MathF.BitIncrement((float)(Math.Sqrt(squares) * (1 + 1e-9))));
    }
    /// <summary>Eight codes, which it adds the squared residuals of.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Encode(ReadOnlySpan<float> row, int at, float scale, float inverse, ref Vector256<double> squares)
    {
        var values = Vector256.Create(row[at..]);
        var codes = Vector256.ConvertToInt32(
            Vector256.Clamp(Vector256.Round(values * inverse), Vector256.Create(-(float)Most), Vector256.Create((float)Most)));
        var (codesLow, codesHigh) = Vector256.Widen(Vector256.ConvertToSingle(codes));
        var (low, high) = Vector256.Widen(values);
        var (lowResidual, highResidual) = (low - (codesLow * scale), high - (codesHigh * scale));
        squares += (lowResidual * lowResidual) + (highResidual * highResidual);
        return codes;
    }
}
