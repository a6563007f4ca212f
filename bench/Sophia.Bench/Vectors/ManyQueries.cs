using System.Globalization;
using Sophia.Bench.Reporting;

namespace Sophia.Bench.Vectors;

/// <summary>64 queries in one pass, top-k included, beside OpenBLAS's product alone; on the smaller set USearch and FAISS too.</summary>
internal static class ManyQueries
{
    private const int Dimensions = 768;
    private const int Batch = 64;
    private const int K = 10;
    private const int Rounds = 9;

    public static Task RunAsync(BenchSettings settings, Report report, int rows)
    {
        var set = VectorSet.Random(Dimensions);
        var folder = settings.Folder("vectors");
        var files = new VectorFiles(folder, Dimensions);
        files.Write(Enumerable.Range(0, rows).Select(set.Row), Enumerable.Range(0, Batch).Select(set.Query));
        using var single = new LoadedPages(set, rows, isCertified: false);
        using var certified = new LoadedPages(set, rows, isCertified: true);
        using var blas = RivalProcess.Blas(folder, files, K, report);
        var withOthers = rows <= 100_000;
        using var usearch = withOthers ? RivalProcess.USearch(folder, files, K, report) : null;
        var names = new List<string> { "float32", "certified" };
        var turns = new List<Func<double>> { () => single.Many(0, Batch, K).Seconds, () => certified.Many(0, Batch, K).Seconds };
        if (blas is not null)
        {
            names.Add("OpenBLAS sgemm alone");
            turns.Add(() => blas.Ask($"sgemm 0 {Batch}").Seconds);
        }

        if (blas is not null && withOthers && !blas.Version.Contains("no FAISS", StringComparison.Ordinal))
        {
            names.Add("FAISS IndexFlatIP (a weak rival)");
            turns.Add(() => blas.Ask($"faiss 0 {Batch}").Seconds);
        }

        if (usearch is not null)
        {
            names.Add("USearch exact search");
            turns.Add(() => usearch.Ask($"0 {Batch} together").Seconds);
        }

        using var counts = new ScanCounts();
        var shape = string.Create(CultureInfo.InvariantCulture, $"{Batch} queries, {rows:N0} × {Dimensions}");
        var result = new Alternation(Rounds, warmUps: 2, [.. turns]);
        var operations = 2.0 * Batch * rows * Dimensions;
        for (var turn = 0; turn < turns.Count; turn++)
        {
            var version = names[turn].StartsWith("Open", StringComparison.Ordinal) || names[turn].StartsWith("FAISS", StringComparison.Ordinal) ? blas!.Version
                : names[turn].StartsWith("USearch", StringComparison.Ordinal) ? usearch!.Version
                : $"median of {Rounds} rounds in turns, k = {K}";
            report.Add($"{shape}, {names[turn]}", operations / result.Seconds(turn) / 1e9, turn == 1 ? "G(FL)OP/s" : "GFLOP/s", note: $"{result.Seconds(turn) * 1e3:0.0} ms; {version}");
        }

        if (blas is not null)
        {
            report.Add($"{shape}, float32 with top-k to OpenBLAS alone", result.Speed(0, 2), "times", 1);
            report.Add($"{shape}, certified with top-k to OpenBLAS float32", result.Speed(1, 2), "times", 2);
        }

        report.Add($"{shape}, queries of the codes left to float32", counts.TakenOver * 2, "of 1");
        files.Delete();
        return Task.CompletedTask;
    }
}
