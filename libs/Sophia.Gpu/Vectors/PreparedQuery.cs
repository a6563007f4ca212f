using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// A query as the scans take it: in single precision and as 16-bit numbers, both at cache lines and padded with zeros; and
/// the bound that certifies scores computed from codes.
/// <list type="number">
/// <item>Row r = s·c + e with ‖e‖ ≤ ε (<see cref="RowCode"/>), query q = t·d + f with φ = ‖f‖ computed in double precision.
/// Then q·r = s·t·(c·d) + q·e + f·(s·c), so that by Cauchy–Schwarz
/// |q·r − s·t·(c·d)| ≤ ‖q‖·ε + φ·‖s·c‖ ≤ ‖q‖·ε + φ·(‖r‖ + ε).</item>
/// <item>c·d is exact: t is chosen so that ‖c‖·‖d‖ &lt; 2³¹ and |dᵢ| ≤ 32,767; by Cauchy–Schwarz again, no partial sum leaves
/// 32 bits.</item>
/// <item>What is left is the rounding of c·d, s·t, their product and the bound itself to single precision: six roundings of
/// numbers below 1.1, each at most 2⁻²⁴ of it (Higham, "Accuracy and Stability of Numerical Algorithms", 2.2): below 5·10⁻⁷;
/// 10⁻⁶ is added. ‖r‖ is within 10⁻⁶ of 1, or 0.</item>
/// </list>
/// So the score s·t·(c·d) is off by at most Slope·ε + Offset, with Slope = ‖q‖ + φ and Offset = φ·(1 + 10⁻⁶) + 10⁻⁶.
/// For random directions of 768 components ε is about 0.007, a fifth of the spread of their scores.
/// Rows that may be among the best are then scored from the originals in double precision. The idea of bounding a scan of
/// quantised vectors is that of the VA-file (Weber, Schek, Blott, VLDB 1998).
/// </summary>
internal sealed unsafe class PreparedQuery : IDisposable
{
    private const int CacheLine = 64;
    private const double Rounding = 1e-6;
    private float* _floats;
    private short* _codes;

    /// <param name="query">Finite. Scaled to length 1; one without direction becomes zeros.</param>
    /// <param name="stride">Floats of a stored row.</param>
    /// <param name="codeStride">Codes of a stored row; 0: there are none.</param>
    public PreparedQuery(ReadOnlySpan<float> query, int stride, int codeStride)
    {
        Stride = stride;
        FloatBound = ((stride + 8) * 1.01f / (1 << 24)) + 1e-12f;
        _floats = (float*)NativeMemory.AlignedAlloc((nuint)stride * sizeof(float), CacheLine);
        UnitVector.Scale(query, Floats);
        if (codeStride > 0)
        {
            _codes = (short*)NativeMemory.AlignedAlloc((nuint)codeStride * sizeof(short), CacheLine);
            Encode(new Span<short>(_codes, codeStride));
        }
    }

    public int Stride { get; }

    public Span<float> Floats => new(_floats, Stride);

    public float* Pointer => _floats;

    public short* Codes => _codes;

    /// <summary>
    /// How far a float32 score is off at most, whatever the order of the sum: (n + 8)·2⁻²⁴·‖q‖·‖r‖ for n products (Higham,
    /// 3.1), with a little for the lengths and for what is too small for a float.
    /// </summary>
    public float FloatBound { get; }

    /// <summary>What a unit of the codes is worth: t.</summary>
    public float Scale { get; private set; }

    public float Slope { get; private set; }

    public float Offset { get; private set; }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_floats);
        NativeMemory.AlignedFree(_codes);
        _floats = null;
        _codes = null;
    }

    private void Encode(Span<short> codes)
    {
        codes.Clear();
        var most = Math.Abs(TensorPrimitives.MaxMagnitude<float>(Floats));
        if (most == 0)
        {
            Offset = (float)Rounding;
            return;
        }

        var root = Math.Sqrt(codes.Length);
        var inverse = Math.Min(short.MaxValue / (double)most, ((int.MaxValue / (RowCode.Most * root)) - root) / 1.001);
        Scale = (float)(1 / inverse);
        var (squares, residuals) = (Vector512<double>.Zero, Vector512<double>.Zero);
        for (var i = 0; i < Stride; i += Vector512<float>.Count)
        {
            // Widened; the padding of rows and codes is whole sixteens.
            var (low, high) = Vector512.Widen(Vector512.Load(_floats + i));
            var whole = Vector512.Narrow(Encode(low, Scale, inverse, ref squares, ref residuals), Encode(high, Scale, inverse, ref squares, ref residuals));
            Vector256.Narrow(whole.GetLower(), whole.GetUpper()).CopyTo(codes[i..]);
        }

        var error = Math.Sqrt(Vector512.Sum(residuals)) * (1 + 1e-9);
        Slope = MathF.BitIncrement((float)((Math.Sqrt(Vector512.Sum(squares)) * (1 + 1e-9)) + error));
        Offset = MathF.BitIncrement((float)((error * (1 + Rounding)) + Rounding));
    }

    /// <summary>Eight codes, which it adds the squares and the squared residuals of.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> Encode(
        Vector512<double> values, double scale, double inverse, ref Vector512<double> squares, ref Vector512<double> residuals)
    {
        var most = Vector512.Create((double)short.MaxValue);
        var rounded = Vector512.Min(Vector512.Max(Vector512.Round(values * inverse), -most), most);
        var residual = values - (rounded * scale);
        squares += values * values;
        residuals += residual * residual;
        return Vector512.ConvertToInt64(rounded);
    }
}
