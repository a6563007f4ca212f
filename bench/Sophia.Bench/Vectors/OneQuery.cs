using System.Globalization;
using Sophia.Bench.Reporting;

namespace Sophia.Bench.Vectors;

/// <summary>One query at a time over random vectors of 768 components: float32 beside USearch's exact search, codes beside float32.</summary>
internal static class OneQuery
{
    private const int Dimensions = 768;
    private const int K = 10;
    private const int Rounds = 9;

    public static Task RunAsync(BenchSettings settings, Report report, int rows, int perTurn)
    {
        var set = VectorSet.Random(Dimensions);
        var folder = settings.Folder("vectors");
        var files = new VectorFiles(folder, Dimensions);
        files.Write(Enumerable.Range(0, rows).Select(set.Row), Enumerable.Range(0, 64).Select(set.Query));
        using var single = new LoadedPages(set, rows, isCertified: false);
        using var certified = new LoadedPages(set, rows, isCertified: true);
        using var usearch = RivalProcess.USearch(folder, files, K, report);
        using var counts = new ScanCounts();
        var shape = string.Create(CultureInfo.InvariantCulture, $"{rows:N0} × {Dimensions}");
        var note = $"median of {Rounds} rounds in turns, k = {K}";
        var next = 0;
        int Next() => next = (next + perTurn) % 60;
        var turns = new List<Func<double>>
        {
            () => single.One(Next(), perTurn, K).Seconds / perTurn,
            () => certified.One(Next(), perTurn, K).Seconds / perTurn,
        };
        if (usearch is not null)
        {
            CheckSame(single, usearch);
            turns.Add(() => usearch.Ask($"{Next()} {perTurn}").Seconds / perTurn);
        }

        var bytes = rows * (double)Dimensions * sizeof(float);
        var result = new Alternation(Rounds, warmUps: 4, [.. turns]);
        report.Add($"{shape}, float32", 1 / result.Seconds(0), "queries/s", note: $"{bytes / result.Seconds(0) / 1e9:0.0} GB/s; {note}");
        if (usearch is not null)
        {
            report.Add($"{shape}, USearch exact search", 1 / result.Seconds(2), "queries/s", note: $"{bytes / result.Seconds(2) / 1e9:0.0} GB/s; {usearch.Version}, {Environment.ProcessorCount} threads");
            report.Add($"{shape}, float32 to USearch", result.Speed(0, 2), "times", 1);
        }

        report.Add($"{shape}, certified", 1 / result.Seconds(1), "queries/s", note: $"{bytes / 4 / result.Seconds(1) / 1e9:0.0} GB/s of codes");
        report.Add($"{shape}, certified to float32", result.Speed(1, 0), "times", 3.5);
        report.Add($"{shape}, queries left to float32", counts.TakenOver, "of 1", note: "of those that may use codes, and those that may not");
        report.Add($"{shape}, bytes in memory, certified to float32", certified.SizeInMemory / (double)single.SizeInMemory, "times", note: "originals in memory here");
        files.Delete();
        return Task.CompletedTask;
    }

    /// <summary>Both must find the same rows, or they did not do the same work.</summary>
    private static void CheckSame(LoadedPages pages, RivalProcess rival)
    {
        var (own, others) = (pages.One(0, 1, K).Rows, rival.Ask("0 1").Keys);
        if (!own.Order().SequenceEqual(others.Order()))
        {
            throw new InvalidOperationException($"{rival.Version} found {string.Join(' ', others.Order())}, not {string.Join(' ', own.Order())}.");
        }
    }
}
