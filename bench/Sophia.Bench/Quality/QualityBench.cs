using System.Globalization;
using Sophia.Bench.Reporting;
using Sophia.Memory.Search;

namespace Sophia.Bench.Quality;

/// <summary>
/// <c>quality --set NAME=PATH …</c>: how well each mode of the search finds what labelled questions ask for, beside plain
/// BM25 and BM25 with stemming on the same records in the same run. Nothing here depends on time: figures repeat exactly.
/// </summary>
internal static class QualityBench
{
    public const string Usage = "bench/run.sh quality --set own=REPOSITORY|cranfield=FOLDER|NAME=FOLDER-OF-CONVERSATIONS-OR-MEETINGS|NAME=PAIRS.ndjson … [--json FILE]";
    private const double ConversationTarget = 1.15;
    private const double DocumentTarget = 1;

    private static readonly string[] Systems = ["BM25", "BM25 stemmed", "lexical", "vector", "hybrid"];

    public static async Task<int> RunAsync(string[] args)
    {
        var sets = new List<LabelledSet>();
        string? jsonFile = null;
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            if (args[i] == "--set" && args[i + 1].Split('=', 2) is [var name, var path])
            {
                sets.Add(LabelledSet.Read(name, path));
            }
            else if (args[i] == "--json")
            {
                jsonFile = args[i + 1];
            }
            else
            {
                sets.Clear();
                break;
            }
        }

        if (sets.Count == 0 || args.Length % 2 != 0)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var report = new Report();
        var folder = Directory.CreateTempSubdirectory("sophia-quality");
        try
        {
            await using var sophia = await SophiaRanking.StartAsync(folder.FullName);
            foreach (var set in sets)
            {
                await RunAsync(set, sophia, report);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        if (jsonFile is not null)
        {
            await report.SaveAsync(jsonFile);
        }

        return 0;
    }

    private static async Task RunAsync(LabelledSet set, SophiaRanking sophia, Report report)
    {
        var tables = new MetricsTable(Systems);
        foreach (var collection in set.Collections)
        {
            var plain = new ReferenceBm25(collection.Records, isStemmed: false);
            var stemmed = new ReferenceBm25(collection.Records, isStemmed: true);
            await sophia.LoadAsync($"{set.Name}-{collection.Name}".ToLowerInvariant(), collection.Records);
            foreach (var question in collection.Questions)
            {
                IReadOnlyList<string>[] rankings =
                [
                    plain.Rank(question.Text), stemmed.Rank(question.Text),
                    await sophia.RankAsync(question.Text, SearchMode.Lexical),
                    await sophia.RankAsync(question.Text, SearchMode.Vector),
                    await sophia.RankAsync(question.Text, SearchMode.Hybrid),
                ];
                string[] groups = set.Kind == SetKind.Conversations
                    ? ["all", collection.IsHeldOut ? "held out" : "tuned on", question.Category]
                    : question.Category == "all" ? ["all"] : ["all", question.Category];
                foreach (var group in groups)
                {
                    tables.Add(group, rankings, question.Relevant);
                }
            }

            Report.Progress($"{set.Name}: {collection.Name}, {collection.Records.Count:N0} records, {collection.Questions.Count:N0} questions");
        }

        Console.WriteLine();
        Console.WriteLine($"## {set.Name}: {set.Collections.Sum(c => c.Records.Count):N0} records in {set.Collections.Count} collections");
        tables.Print();
        report.Begin($"quality {set.Name}");
        var target = set.Kind == SetKind.Conversations ? ConversationTarget : DocumentTarget;
        foreach (var group in tables.Groups)
        {
            var (hybrid, reference) = (tables[group, "hybrid"].Recall10, tables[group, "BM25 stemmed"].Recall10);
            var isPromised = group is "all" or "held out";
            report.Add(
                string.Create(CultureInfo.InvariantCulture, $"{group}: hybrid's recall@10 over stemmed BM25's"), hybrid / reference, "ratio",
                isPromised ? target : null, note: string.Create(CultureInfo.InvariantCulture, $"{hybrid:0.000} / {reference:0.000}"));
        }
    }
}
