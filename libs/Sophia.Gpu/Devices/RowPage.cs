using System.Runtime.InteropServices;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Devices;

/// <summary>Writes rows into the bytes of a page as <see cref="RowPages"/> describes it: with their scale and with the error that their narrowness costs.</summary>
public static class RowPage
{
    /// <param name="page">The page's bytes.</param>
    /// <param name="row">Of length 1, or zeros; finite.</param>
    /// <param name="owner">Negative: the row is nobody's.</param>
    public static void Set(RowPages shape, Span<byte> page, int place, ReadOnlySpan<float> row, int owner)
    {
        ArgumentNullException.ThrowIfNull(shape);
        var target = page.Slice(place * shape.RowBytes, shape.RowBytes);
        target.Clear();
        var (scale, error) = Encode(shape.Kind, row, target);
        var heads = page.Slice(shape.RowBytes * shape.RowsPerPage, RowPages.HeadBytes * shape.RowsPerPage);
        MemoryMarshal.Cast<byte, float>(heads)[place] = scale;
        MemoryMarshal.Cast<byte, float>(heads)[shape.RowsPerPage + place] = error;
        MemoryMarshal.Cast<byte, int>(heads)[(2 * shape.RowsPerPage) + place] = owner;
    }

    /// <summary>The row's bytes; what a unit of them is worth, and ‖row − scale·stored‖, computed in double precision and rounded up.</summary>
    internal static (float Scale, float Error) Encode(RowKind kind, ReadOnlySpan<float> row, Span<byte> target)
    {
        switch (kind)
        {
            case RowKind.Floats:
                MemoryMarshal.AsBytes(row).CopyTo(target);
                return (1, 0);
            case RowKind.Halves:
                var halves = MemoryMarshal.Cast<byte, Half>(target);
                double squares = 0;
                for (var i = 0; i < row.Length; i++)
                {
                    halves[i] = (Half)row[i];
                    var residual = row[i] - (double)halves[i];
                    squares += residual * residual;
                }

                return (1, squares == 0 ? 0 : MathF.BitIncrement((float)(Math.Sqrt(squares) * (1 + 1e-9))));
            default:
                return RowCode.Encode(row, MemoryMarshal.Cast<byte, sbyte>(target)[..row.Length]);
        }
    }
}
