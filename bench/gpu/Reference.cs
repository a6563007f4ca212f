using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Sophia.Gpu.Devices;

namespace Sophia.Bench.Gpu;

/// <summary>The same scan in double precision by the processor, over the rows as the device has them.</summary>
internal sealed class Reference
{
    /// <summary>Bounds are numbers of single precision near 1.</summary>
    private const double Tolerance = 4e-6;

    private readonly int[] _numbers;
    private readonly double[][] _scores;
    private readonly float[] _errors;

    /// <summary>Reads all rows back from the device, once for all queries.</summary>
    /// <param name="numbers">Of the queries that are compared.</param>
    public Reference(IDeviceMemory memory, RowPages pages, float[][] queries, int[] numbers)
    {
        var widened = Array.ConvertAll(numbers, number => Array.ConvertAll(queries[number], x => (double)x));
        (_numbers, _errors) = (numbers, new float[pages.Rows]);
        _scores = Array.ConvertAll(numbers, _ => Enumerable.Repeat(double.NegativeInfinity, pages.Rows).ToArray());
        Parallel.For(0, (pages.Rows + pages.RowsPerUnit - 1) / pages.RowsPerUnit, () => new byte[pages.UnitBytes], (unit, _, bytes) =>
        {
            // The rows of a unit that is not there are not to be found, as those that are nobody's.
            if (pages.Units.Span[unit] >= 0)
            {
                memory.Read(pages.Units.Span[unit], bytes);
                for (var page = 0; page < pages.PagesPerUnit; page++)
                {
                    Score(pages, (unit * pages.RowsPerUnit) + (page * pages.RowsPerPage), bytes.AsSpan((int)(page * pages.PageBytes), (int)pages.PageBytes), widened);
                }
            }

            return bytes;
        }, _ => { });
    }

    /// <summary>Null when the answer is right; otherwise what is wrong with it.</summary>
    /// <param name="filter">A bit for each row; null: all rows.</param>
    public string? Compare(int number, ScanQuery asked, BestRows answer, int best, ulong[]? filter = null)
    {
        var scores = _scores[Array.IndexOf(_numbers, number)];
        var uppers = new double[scores.Length];
        var (wanted, least, most) = (0, double.PositiveInfinity, double.NegativeInfinity);
        for (var row = 0; row < uppers.Length; row++)
        {
            var passes = filter is null || (filter[row / 64] & (1UL << (row % 64))) != 0;
            uppers[row] = passes ? scores[row] + ((double)asked.Slope * _errors[row]) + asked.Offset : double.NegativeInfinity;
            if (uppers[row] > double.NegativeInfinity)
            {
                (wanted, least, most) = (wanted + 1, Math.Min(least, uppers[row]), Math.Max(most, uppers[row]));
            }
        }

        if (wanted > 1 && most == least)
        {
            return "all rows score the same, so that any answer would be right";
        }

        if (answer.Rows.Length != Math.Min(best, wanted) || answer.Rows.Distinct().Count() != answer.Rows.Length)
        {
            return $"{answer.Rows.Length} rows, {answer.Rows.Distinct().Count()} of them different, instead of {Math.Min(best, wanted)}";
        }

        for (var i = 0; i < answer.Rows.Length; i++)
        {
            // The query as the device has it is off by what the offset allows for.
            if (!(Math.Abs(answer.Uppers[i] - uppers[answer.Rows[i]]) <= Tolerance + (2 * asked.Offset)))
            {
                return $"row {answer.Rows[i]} has the bound {answer.Uppers[i]}; it is {uppers[answer.Rows[i]]}";
            }

            uppers[answer.Rows[i]] = double.NegativeInfinity;
        }

        var left = uppers.Max();
        return wanted == 0 || left <= answer.Uppers.Min() + Tolerance + (2 * asked.Offset) ? null : $"a row of the bound {left} was left out; the least that is in has {answer.Uppers.Min()}";
    }

    private void Score(RowPages pages, int first, ReadOnlySpan<byte> page, double[][] queries)
    {
        var row = new double[queries[0].Length];
        var heads = MemoryMarshal.Cast<byte, float>(page[(pages.RowBytes * pages.RowsPerPage)..]);
        var owners = MemoryMarshal.Cast<float, int>(heads[(2 * pages.RowsPerPage)..]);
        for (var place = 0; place < pages.RowsPerPage && first + place < pages.Rows; place++)
        {
            if (owners[place] < 0)
            {
                continue;
            }

            Widen(pages.Kind, page.Slice(place * pages.RowBytes, pages.RowBytes), row);
            _errors[first + place] = heads[pages.RowsPerPage + place];
            for (var i = 0; i < queries.Length; i++)
            {
                _scores[i][first + place] = TensorPrimitives.Dot<double>(queries[i], row) * heads[place];
            }
        }
    }

    private static void Widen(RowKind kind, ReadOnlySpan<byte> bytes, Span<double> row)
    {
        switch (kind)
        {
            case RowKind.Floats:
                TensorPrimitives.ConvertChecked(MemoryMarshal.Cast<byte, float>(bytes)[..row.Length], row);
                break;
            case RowKind.Halves:
                TensorPrimitives.ConvertChecked(MemoryMarshal.Cast<byte, Half>(bytes)[..row.Length], row);
                break;
            default:
                TensorPrimitives.ConvertChecked(MemoryMarshal.Cast<byte, sbyte>(bytes)[..row.Length], row);
                break;
        }
    }
}
