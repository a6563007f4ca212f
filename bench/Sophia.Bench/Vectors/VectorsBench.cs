using Sophia.Bench.Reporting;

namespace Sophia.Bench.Vectors;

/// <summary>
/// The exact vector search of the host engine beside the limits of the machine and other libraries: one query, many in one
/// pass, certified by codes, filtered, while records change; and what a record's vector and columns cost when it is written.
/// </summary>
internal static class VectorsBench
{
    public static async Task RunAsync(BenchSettings settings, Report report)
    {
        var parts = new (string Name, Func<Task> Run)[]
        {
            ("one-100k", () => OneQuery.RunAsync(settings, report, 100_000, perTurn: 10)),
            ("one-1m", () => OneQuery.RunAsync(settings, report, 1_000_000, perTurn: 2)),
            ("many-100k", () => ManyQueries.RunAsync(settings, report, 100_000)),
            ("many-1m", () => ManyQueries.RunAsync(settings, report, 1_000_000)),
            ("real", () => RealTexts.RunAsync(settings, report)),
            ("filter", () => FilteredSearch.RunAsync(settings, report)),
            ("updates", () => UpdatesBesideSearches.RunAsync(settings, report)),
            ("put", () => PutCost.RunAsync(settings, report)),
        };
        foreach (var (name, run) in parts)
        {
            if (name.StartsWith(settings.Only, StringComparison.Ordinal))
            {
                Report.Progress(name);
                await run();
                GC.Collect();
            }
        }
    }
}
