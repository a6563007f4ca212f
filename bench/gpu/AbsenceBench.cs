using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Bench.Gpu;

/// <summary>Rows that were removed, and units that are not on the device: that scans pass them over, and not how fast.</summary>
internal static class AbsenceBench
{
    private const int MostRows = 100_000;

    /// <param name="many">Queries at once; every other one has a filter.</param>
    public static void Run(IlgpuDevice device, Arguments arguments, RowKind kind, int many, Report report)
    {
        using var stored = new StoredRows(device, kind, Math.Min(arguments.Rows, MostRows), arguments.Dimensions, pagesPerUnit: 1);
        var queries = new Queries(device, stored, arguments, many);

        // What goes was found: of the best rows of the first query, and of the last one's, one with its unit, and the others by themselves.
        var before = queries.Find(new ulong[]?[many]);
        foreach (var row in before[0].Rows.Skip(1).Concat(before[^1].Rows.Skip(1)))
        {
            stored.Remove(row);
        }

        foreach (var row in (int[])[before[0].Rows[0], before[^1].Rows[0]])
        {
            stored.Lose(row / stored.Pages.RowsPerUnit);
        }

        var filters = Enumerable.Range(0, many).Select(i => i % 2 == 0 ? null : FilterBench.Random(stored.Pages.Rows, 0.5)).ToArray();
        foreach (var asked in (ulong[]?[][])[[null], filters])
        {
            var name = $"{(asked.Length == 1 ? "one query" : $"{asked.Length} queries, every other with a filter")}, {ScanBench.NameOf(kind)}, rows removed and units missing";
            report.Try(name, () => report.Add(new Line(name, stored.Pages.Rows, arguments.Dimensions, stored.Bytes, default, null, null, queries.Check(asked, queries.Find(asked)))));
        }
    }
}
