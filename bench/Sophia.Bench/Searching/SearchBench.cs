using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sophia.Bench.Reporting;
using Sophia.Bench.Writes;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Bench.Searching;

/// <summary>
/// What a search of a shard costs, in process on one thread: 100,000 records of real English, ten hits, four words of a
/// record as the query. The plain search (words, vector, fusion) and the one with everything that the ranking adds
/// (neighbours, near-duplicates folded, recency) take turns with the same queries; medians and 95th percentiles over all.
/// </summary>
internal static class SearchBench
{
    private const int Records = 100_000;
    private const int TurnsOfConversation = 20;
    private const int QueryWords = 4;

    public static Task RunAsync(BenchSettings settings, Report report)
    {
        var text = EnglishText.Load();
        foreach (var hasConversations in new[] { false, true })
        {
            using var shard = Fill(text, settings.IsQuick ? Records / 10 : Records, hasConversations);
            var queries = Queries(text, settings.IsQuick ? 40 : 400);
            var label = hasConversations ? "in conversations of 20" : "that stand alone";
            foreach (var mode in new[] { SearchMode.Hybrid, SearchMode.Lexical })
            {
                var (plain, full) = Measure(shard, queries, mode);
                var note = string.Create(CultureInfo.InvariantCulture, $"{mode}, {shard.Count:N0} records {label}, {queries.Length} queries");
                report.Add($"plain search, {mode}, records {label}", Statistics.Median(plain), "ms", note: note);
                report.Add("  its 95th percentile", Statistics.Quantile([.. plain.Order()], 0.95), "ms");
                report.Add($"full ranking, {mode}, records {label}", Statistics.Median(full), "ms", note: note);
                report.Add("  its 95th percentile", Statistics.Quantile([.. full.Order()], 0.95), "ms");
                report.Add("  over the plain search", Statistics.Median(full) / Statistics.Median(plain), "ratio");
            }
        }

        return Task.CompletedTask;
    }

    private static (List<double> Plain, List<double> Full) Measure(IShard shard, ShardQuery[] queries, SearchMode mode)
    {
        var (plain, full) = (new List<double>(queries.Length), new List<double>(queries.Length));
        for (var round = -1; round < 1; round++)
        {
            foreach (var query in queries)
            {
                var bare = query with { Mode = mode, Neighbours = false };
                var rich = query with { Mode = mode, Fold = true, Recency = new Recency(0.1, TimeSpan.FromDays(30)) };
                var (a, b) = (Time(shard, bare), Time(shard, rich));
                if (round >= 0)
                {
                    plain.Add(a);
                    full.Add(b);
                }
            }
        }

        return (plain, full);
    }

    private static double Time(IShard shard, ShardQuery query)
    {
        var started = Stopwatch.GetTimestamp();
        var answer = shard.Search(query, CancellationToken.None);
        var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        return answer.Hits.Count > 0 ? took : throw new InvalidOperationException($"Nothing was found for '{query.Text}'.");
    }

    private static ShardQuery[] Queries(EnglishText text, int count) =>
    [
        .. Enumerable.Range(0, int.MaxValue).Select(i => WordsOf(Encoding.ASCII.GetString(text.Slice(i * 97L)))).Where(words => words.Length == QueryWords)
            .Take(count).Select(words => string.Join(' ', words))
            .Select(query => new ShardQuery { Text = query, Vector = VectorOf(query), K = 10, Now = DateTimeOffset.UnixEpoch.AddDays(1) }),
    ];

    /// <summary>From the middle on; signs and numbers of tables ask for nothing.</summary>
    private static string[] WordsOf(string text) =>
        [.. text[(text.Length / 2)..].Split(' ').Skip(1).Where(word => word.Length > 1 && word.All(char.IsAsciiLetter)).Take(QueryWords)];

    private static IShard Fill(EnglishText text, int records, bool hasConversations)
    {
        var shard = new HostShardEngine().Create(new NamespaceInfo(
            1, "bench", "search", 0,
            new NamespaceSettings { VectorSource = VectorSource.Embedder, VectorModel = HashedEmbedder.ModelName, Dimensions = HashedEmbedder.Dimensions },
            DateTimeOffset.UnixEpoch));
        for (var i = 0; i < records; i++)
        {
            var content = Encoding.ASCII.GetString(text.Slice(i));
            shard.Put(new MemoryRecord
            {
                NamespaceId = 1,
                Key = string.Create(CultureInfo.InvariantCulture, $"r{i}"),
                Id = new RecordId(new UInt128((ulong)i * 0x9e3779b97f4a7c15, 1)),
                Content = Encoding.ASCII.GetBytes(content),
                ContentType = "text/plain",
                Vector = VectorOf(content),
                Attributes = hasConversations
                    ? Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"conversation":"c{{i / TurnsOfConversation}}","position":{{i % TurnsOfConversation}}}"""))
                    : default,
                Sequence = Sequence.Of(0, i + 1),
                CreatedAt = DateTimeOffset.UnixEpoch,
                UpdatedAt = DateTimeOffset.UnixEpoch,
            });
        }

        return shard;
    }

    private static float[] VectorOf(string text)
    {
        var vector = new float[HashedEmbedder.Dimensions];
        HashedEmbedder.Embed(text, vector);
        return vector;
    }
}
