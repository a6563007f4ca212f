using System.Diagnostics;
using System.Globalization;
using Sophia.Bench.Reporting;
using Sophia.Gpu.Shards;
using Sophia.Memory.Search;

namespace Sophia.Bench.Vectors;

/// <summary>
/// Searches of a whole shard (rows, postings, vectors) with filters that one record in a hundred passes, beside the same
/// searches without. The records that pass are spread evenly.
/// </summary>
internal static class FilteredSearch
{
    private const int Rows = 100_000;
    private const int PerTurn = 20;
    private const int Rounds = 9;

    public static Task RunAsync(BenchSettings settings, Report report)
    {
        foreach (var (set, modes) in new[]
        {
            (VectorSet.Texts256(), new[] { SearchMode.Vector, SearchMode.Hybrid }),
            (VectorSet.Random(768), [SearchMode.Vector]),
        })
        {
            using var shard = Load(set);
            foreach (var mode in modes)
            {
                Compare(report, shard, set, mode);
            }
        }

        return Task.CompletedTask;
    }

    private static void Compare(Report report, HostShard shard, VectorSet set, SearchMode mode)
    {
        var byNumber = new RecordFilter { Attributes = [new AttributeCondition("lot", Comparison.Equal, [new AttributeValue(null, 42, null)])] };
        var byTag = new RecordFilter { AllTags = ["lot-42"] };
        var result = new Alternation(
            Rounds, warmUps: 20, () => Run(shard, set, mode, null), () => Run(shard, set, mode, byNumber), () => Run(shard, set, mode, byTag));
        var what = string.Create(CultureInfo.InvariantCulture, $"{mode} search of {Rows:N0} {set.Name}, {set.Dimensions} components");
        report.Add($"{what}, unfiltered", result.Seconds(0) * 1e3, "ms", note: $"k = 10, median of {Rounds} rounds of {PerTurn}");
        report.Add($"{what}, 1 % by an attribute", result.Speed(1, 0), "times as fast", 20, note: $"{result.Seconds(1) * 1e6:0} µs");
        report.Add($"{what}, 1 % by a tag", result.Speed(2, 0), "times as fast", 20, note: $"{result.Seconds(2) * 1e6:0} µs");
    }

    private static double Run(HostShard shard, VectorSet set, SearchMode mode, RecordFilter? filter)
    {
        var queries = Enumerable.Range(0, PerTurn).Select(i => new ShardQuery
        {
            Mode = mode, Text = mode == SearchMode.Hybrid ? VectorSet.Question(i) : null, Vector = set.Query(i), Filter = filter, Now = ShardText.Now,
        }).ToArray();
        long hits = 0;
        var started = Stopwatch.GetTimestamp();
        foreach (var query in queries)
        {
            hits += shard.Search(query, default).RowsMatching;
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds / PerTurn;
        return hits == (filter is null ? Rows : Rows / 100L) * PerTurn ? seconds : throw new InvalidOperationException($"{hits} rows matched.");
    }

    private static HostShard Load(VectorSet set)
    {
        var shard = ShardText.Shard(set.Dimensions);
        for (var i = 0; i < Rows; i++)
        {
            var lot = i * 37L % 100;
            shard.Put(ShardText.Record(
                i, i + 1, set.Dimensions == 256 ? VectorSet.Text(i) : "", set.Row(i),
                string.Create(CultureInfo.InvariantCulture, $$"""{"lot":{{lot}},"kind":"note"}"""), string.Create(CultureInfo.InvariantCulture, $"lot-{lot}")));
        }

        return shard;
    }
}
