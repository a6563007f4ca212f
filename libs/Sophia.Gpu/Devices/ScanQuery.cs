using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Devices;

/// <summary>
/// A query as a device's scan takes it, and how far the scores may be off. A row r of length 1 (or 0) stands on the device as
/// s·c with a known error ε ≥ ‖r − s·c‖ (<see cref="RowPage"/>); the device computes p ≈ u·s·(c·d) for the query q = u·d + f.
/// <list type="number">
/// <item>q·r = u·s·(c·d) + q·(r − s·c) + f·(s·c), so by Cauchy–Schwarz |q·r − u·s·(c·d)| ≤ ‖q‖·ε + ‖f‖·(‖r‖ + ε).</item>
/// <item>Float32 and float16 rows: d = q in float32, f = 0, and n products and sums of float32 in any order are off by at most
/// (n + 8)·2⁻²⁴·‖q‖·‖s·c‖ (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1), taken with 1 % more for the lengths.</item>
/// <item>Int8 rows: dᵢ = 128·h + l with h and l of 8 bits, in 32 bits exact as long as no partial sum leaves them: |c| ≤ 127, so
/// by Cauchy–Schwarz 128·‖h‖·‖c‖ ≤ (‖d‖ + 64·√n)·127·√n is kept below 2³¹ by the choice of u.</item>
/// <item>Many queries at once are float16 with float16 rows (<see cref="ForTiles"/>): f = q − d is measured, products are exact, and
/// the tensor cores may cut sums off where float32 would round them (Fasi, Higham, Mikaitis, Pranesh, "Numerical behavior of
/// NVIDIA tensor cores", 2021), which is taken as four times the bound of float32.</item>
/// <item>What is left is at most six roundings of numbers below 1.1, each at most 2⁻²⁴ of it: 10⁻⁶ is added.</item>
/// </list>
/// So the exact cosine is at most p + Slope·ε + Offset, which is the number that the scan orders rows by.
/// </summary>
public sealed class ScanQuery
{
    private const double Rounding = 1e-6;
    private const int Part = 128;

    private ScanQuery(RowKind kind, byte[] bytes) => (Kind, Bytes) = (kind, bytes);

    public RowKind Kind { get; }

    /// <summary>Float32 components, padded with zeros to a row's components; for int8 the high parts, then the low parts.</summary>
    internal byte[] Bytes { get; }

    /// <summary>What a unit of the sum is worth: u.</summary>
    internal float Unit { get; private init; } = 1;

    internal float Slope { get; private init; }

    internal float Offset { get; private init; }

    /// <param name="query">Of length 1, or zeros; finite.</param>
    /// <param name="rowBytes">Of the rows that it is for.</param>
    public static ScanQuery Of(RowKind kind, ReadOnlySpan<float> query, int rowBytes)
    {
        var components = kind switch { RowKind.Floats => rowBytes / 4, RowKind.Halves => rowBytes / 2, _ => rowBytes };
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Length, components);
        if (kind == RowKind.Codes)
        {
            return Coded(query, rowBytes);
        }

        var bytes = new byte[components * sizeof(float)];
        MemoryMarshal.AsBytes(query).CopyTo(bytes);
        return new ScanQuery(kind, bytes)
        {
            Slope = Up(Length(query)),
            Offset = Up(((components + 8) * 1.01 / (1 << 24)) + Rounding),
        };
    }

    /// <summary>The same query as a scan of many takes it; null where that takes it like one.</summary>
    internal ScanQuery? ForTiles()
    {
        if (Kind != RowKind.Halves)
        {
            return Kind == RowKind.Codes ? this : null;
        }

        var query = MemoryMarshal.Cast<byte, float>(Bytes);
        var halves = new Half[query.Length];
        double residuals = 0;
        for (var i = 0; i < query.Length; i++)
        {
            halves[i] = (Half)query[i];
            var residual = query[i] - (double)halves[i];
            residuals += residual * residual;
        }

        var error = Math.Sqrt(residuals) * (1 + 1e-9);
        return new ScanQuery(Kind, MemoryMarshal.AsBytes<Half>(halves).ToArray())
        {
            Slope = Up(Length(query) + error),
            Offset = Up((error * (1 + Rounding)) + ((halves.Length + 8) * 4.04 / (1 << 24)) + Rounding),
        };
    }

    private static ScanQuery Coded(ReadOnlySpan<float> query, int rowBytes)
    {
        var bytes = new byte[2 * rowBytes];
        var most = (double)Math.Abs(TensorPrimitives.MaxMagnitude(query));
        if (most == 0)
        {
            return new ScanQuery(RowKind.Codes, bytes) { Offset = (float)Rounding };
        }

        var root = Math.Sqrt(rowBytes);
        var inverse = Math.Min(RowCode.Most * Part / most, ((int.MaxValue / (RowCode.Most * root)) - (65 * root)) / 1.001);
        var unit = (float)(1 / inverse);
        double residuals = 0;
        for (var i = 0; i < query.Length; i++)
        {
            var code = (int)Math.Clamp(Math.Round(query[i] * inverse), -RowCode.Most * Part, RowCode.Most * Part);
            var high = (int)Math.Round(code / (double)Part);
            (bytes[i], bytes[rowBytes + i]) = ((byte)(sbyte)high, (byte)(sbyte)(code - (high * Part)));
            var residual = query[i] - ((double)unit * code);
            residuals += residual * residual;
        }

        var error = Math.Sqrt(residuals) * (1 + 1e-9);
        return new ScanQuery(RowKind.Codes, bytes)
        {
            Unit = unit,
            Slope = Up(Length(query) + error),
            Offset = Up((error * (1 + Rounding)) + Rounding),
        };
    }

    private static double Length(ReadOnlySpan<float> query)
    {
        double squares = 0;
        foreach (var component in query)
        {
            squares += (double)component * component;
        }

        return Math.Sqrt(squares) * (1 + 1e-9);
    }

    private static float Up(double value) => MathF.BitIncrement((float)value);
}
