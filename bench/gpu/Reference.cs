using System.Runtime.InteropServices;
using Sophia.Gpu.Devices;

namespace Sophia.Bench.Gpu;

/// <summary>The same scan in double precision by the processor, over the rows as the device has them.</summary>
internal static class Reference
{
    /// <summary>Bounds are numbers of single precision near 1.</summary>
    private const double Tolerance = 4e-6;

    /// <summary>Null when the answer is right; otherwise what is wrong with it.</summary>
    public static string? Compare(StoredRows stored, float[] query, ScanQuery asked, BestRows answer, int best)
    {
        var uppers = Uppers(stored, query, asked);
        if (uppers.Length > 1 && uppers.Max() == uppers.Min())
        {
            return "all rows score the same, so that any answer would be right";
        }

        if (answer.Rows.Length != Math.Min(best, uppers.Length) || answer.Rows.Distinct().Count() != answer.Rows.Length)
        {
            return $"{answer.Rows.Length} rows, {answer.Rows.Distinct().Count()} of them different, instead of {Math.Min(best, uppers.Length)}";
        }

        for (var i = 0; i < answer.Rows.Length; i++)
        {
            // The query as the device has it is off by what the offset allows for.
            if (Math.Abs(answer.Uppers[i] - uppers[answer.Rows[i]]) > Tolerance + (2 * asked.Offset))
            {
                return $"row {answer.Rows[i]} has the bound {answer.Uppers[i]}; it is {uppers[answer.Rows[i]]}";
            }

            uppers[answer.Rows[i]] = double.NegativeInfinity;
        }

        var left = uppers.Max();
        return left <= answer.Uppers.Min() + Tolerance + (2 * asked.Offset) ? null : $"a row of the bound {left} was left out; the least that is in has {answer.Uppers.Min()}";
    }

    private static double[] Uppers(StoredRows stored, float[] query, ScanQuery asked)
    {
        var pages = stored.Pages;
        var uppers = new double[pages.Rows];
        var widened = Array.ConvertAll(query, x => (double)x);
        Parallel.For(0, (pages.Rows + pages.RowsPerPage - 1) / pages.RowsPerPage, () => new byte[pages.PageBytes], (page, _, bytes) =>
        {
            stored.Memory.Read(pages.Units.Span[page / pages.PagesPerUnit] + (page % pages.PagesPerUnit * pages.PageBytes), bytes);
            var heads = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(pages.RowBytes * pages.RowsPerPage));
            for (var place = 0; place < pages.RowsPerPage && (page * pages.RowsPerPage) + place < pages.Rows; place++)
            {
                var sum = Dot(pages.Kind, bytes.AsSpan(place * pages.RowBytes, pages.RowBytes), widened);
                uppers[(page * pages.RowsPerPage) + place] = (sum * heads[place]) + ((double)asked.Slope * heads[pages.RowsPerPage + place]) + asked.Offset;
            }

            return bytes;
        }, _ => { });
        return uppers;
    }

    private static double Dot(RowKind kind, Span<byte> row, double[] query)
    {
        double sum = 0;
        var singles = MemoryMarshal.Cast<byte, float>(row);
        var halves = MemoryMarshal.Cast<byte, Half>(row);
        var codes = MemoryMarshal.Cast<byte, sbyte>(row);
        for (var i = 0; i < query.Length; i++)
        {
            sum += query[i] * kind switch { RowKind.Floats => singles[i], RowKind.Halves => (double)halves[i], _ => codes[i] };
        }

        return sum;
    }
}
