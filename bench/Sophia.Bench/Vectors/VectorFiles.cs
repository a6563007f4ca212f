using System.Globalization;
using System.Runtime.InteropServices;

namespace Sophia.Bench.Vectors;

/// <summary>The rows and queries of a run in files of plain float32, for the rivals.</summary>
internal sealed class VectorFiles(string folder, int dimensions)
{
    private readonly string _rows = Path.Combine(folder, "rows.f32");
    private readonly string _queries = Path.Combine(folder, "queries.f32");

    /// <param name="rows">Taken one by one: the span is used up before the next is asked for.</param>
    public void Write(IEnumerable<float[]> rows, IEnumerable<float[]> queries)
    {
        Write(_rows, rows);
        Write(_queries, queries);
    }

    public string[] Arguments(int k) =>
        [_rows, _queries, .. new[] { dimensions, k, Environment.ProcessorCount }.Select(number => number.ToString(CultureInfo.InvariantCulture))];

    public void Delete()
    {
        File.Delete(_rows);
        File.Delete(_queries);
    }

    private static void Write(string path, IEnumerable<float[]> vectors)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        foreach (var vector in vectors)
        {
            file.Write(MemoryMarshal.AsBytes(vector.AsSpan()));
        }
    }
}
