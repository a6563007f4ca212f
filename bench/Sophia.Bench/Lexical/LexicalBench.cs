using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sophia.Bench.Reporting;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Text;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Tests.Infrastructure;

namespace Sophia.Bench.Lexical;

/// <summary>
/// Three words, any of them, the best ten of a million short records: in the shard, in SQLite's FTS5 and in PostgreSQL, one
/// after the other on the same records, one question at a time. Words are drawn by how many records they stand in.
/// </summary>
internal static class LexicalBench
{
    private const int Records = 1_000_000;
    private const int Questions = 200;

    /// <summary>A rival that is slow answers fewer questions; the note says how many.</summary>
    private static readonly TimeSpan RivalPatience = TimeSpan.FromSeconds(4);

    public static async Task RunAsync(BenchSettings settings, Report report)
    {
        var records = ShortTexts.Take(settings.IsQuick ? 50_000 : Records);
        var words = ShortTexts.Words(records);
        var frequent = words.Where(w => w.Share >= 0.01).Select(w => w.Word).ToArray();
        var middle = words.Where(w => w.Share is >= 0.001 and < 0.01).Select(w => w.Word).ToArray();
        var rare = words.Where(w => w.Share < 0.0005).Select(w => w.Word).ToArray();
        var classes = new (string Name, string[][] Questions)[]
        {
            ("three frequent words (over 1 %)", Draw(frequent, frequent, frequent)),
            ("frequent, middle, rare", Draw(frequent, middle, rare)),
            ("three middle words (0.1 to 1 %)", Draw(middle, middle, middle)),
            ("three rare words (under 0.05 %)", Draw(rare, rare, rare)),
        };
        report.Add("records", records.Length, "", note: $"{records.Average(r => r.Length):0} characters on average");
        AddMemory(report, records);
        using var shard = Fill(report, records);
        foreach (var (name, questions) in classes)
        {
            await MeasureAsync(report, "shard", name, questions, Timeout.InfiniteTimeSpan, target: 10, question => ValueTask.FromResult(Ask(shard, question)));
        }

        using (var fts5 = Rivals.Fts5(settings.Folder("fts5"), records))
        {
            foreach (var (name, questions) in classes)
            {
                await MeasureAsync(report, "SQLite FTS5", name, questions, RivalPatience, null, question => ValueTask.FromResult(Rivals.Ask(fts5, question)));
            }
        }

        if (PostgresServer.Missing is { } missing)
        {
            Console.WriteLine($"Skipped: {missing}");
            return;
        }

        using var server = PostgresServer.StartNew();
        await using var postgres = await Rivals.PostgresAsync(server.ConnectionString(), records);
        foreach (var (name, questions) in classes)
        {
            await MeasureAsync(report, "PostgreSQL", name, questions, RivalPatience, null, async question => await Rivals.AskAsync(postgres, question));
        }
    }

    private static string[][] Draw(params string[][] from)
    {
        var random = new Random(11);
        return [.. Enumerable.Range(0, Questions).Select(_ => from.Select(words => words[random.Next(words.Length)]).ToArray())];
    }

    private static void AddMemory(Report report, string[] records)
    {
        var index = new LexicalIndex();
        var words = new List<Word>();
        for (var i = 0; i < records.Length; i++)
        {
            words.Clear();
            TextAnalyzer.English.Analyze(records[i], words);
            index.Add(i, words);
        }

        report.Add("index a record: postings, terms, order of the words", index.SizeInMemory / (double)records.Length, "bytes", note: $"{index.Terms:N0} terms");
    }

    private static IShard Fill(Report report, string[] records)
    {
        var shard = new HostShardEngine().Create(new NamespaceInfo(1, "bench", "lexical", 0, new NamespaceSettings { VectorSource = VectorSource.None }, DateTimeOffset.UnixEpoch));
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < records.Length; i++)
        {
            shard.Put(new MemoryRecord
            {
                NamespaceId = 1,
                Key = i.ToString(CultureInfo.InvariantCulture),
                Id = new RecordId(new UInt128((ulong)i * 0x9e3779b97f4a7c15, 1)),
                Content = Encoding.ASCII.GetBytes(records[i]),
                ContentType = "text/plain",
                Sequence = Sequence.Of(0, i + 1),
            });
        }

        report.Add("put into the shard", Stopwatch.GetElapsedTime(started).TotalMicroseconds / records.Length, "µs", note: "a record, one thread");
        return shard;
    }

    private static int Ask(IShard shard, string[] question) => shard.Search(
        new ShardQuery { Text = string.Join(' ', question), Mode = SearchMode.Lexical, K = 10, Now = DateTimeOffset.UnixEpoch }, CancellationToken.None).Hits.Count;

    private static async Task MeasureAsync(
        Report report, string system, string name, string[][] questions, TimeSpan patience, double? target, Func<string[], ValueTask<int>> ask)
    {
        // The shard's code is compiled well only after some questions; the rivals' is from the beginning.
        foreach (var question in questions.Reverse().Take(patience == Timeout.InfiniteTimeSpan ? questions.Length : 10))
        {
            await ask(question);
        }

        var times = new List<double>();
        var (began, found) = (Stopwatch.GetTimestamp(), 0L);
        foreach (var question in questions)
        {
            var started = Stopwatch.GetTimestamp();
            found += await ask(question);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            if (patience != Timeout.InfiniteTimeSpan && Stopwatch.GetElapsedTime(began) > patience)
            {
                break;
            }
        }

        times.Sort();
        var sorted = times.ToArray();
        report.Add($"{system}, {name}: p50", Statistics.Quantile(sorted, 0.5), "ms", note: $"{times.Count} questions, {found / (double)times.Count:0.#} hits each");
        report.Add($"{system}, {name}: p99", Statistics.Quantile(sorted, 0.99), "ms", target, atLeast: false);
    }
}
