using CsCheck;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

public class VectorSearchTests
{
    [Fact]
    public void A_search_finds_what_a_naive_scan_in_double_precision_finds() =>
        Gen.Select(Gen.Int, Gen.Int[1, 512], Gen.Int[1, 150], Gen.Int[1, 80]).Sample(
            (seed, dimensions, operations, k) =>
            {
                var random = new Random(seed);
                using var shard = ShardRecords.Shard(dimensions);
                var truth = new Dictionary<string, (float[] Vector, bool Tagged)>();
                for (var number = 1; number <= operations; number++)
                {
                    var key = $"k{random.Next(60)}";
                    if (random.Next(4) == 0)
                    {
                        shard.Remove(ShardRecords.IdOf(key), Sophia.Memory.Log.Sequence.Of(0, number));
                        truth.Remove(key);
                        continue;
                    }

                    // Some vectors repeat, some are zero: equal scores must be in the order of keys.
                    var vector = random.Next(8) == 0 ? new float[dimensions] : ShardRecords.Vector(new Random(random.Next(20)), dimensions);
                    var tagged = random.Next(2) == 0;
                    shard.Put(ShardRecords.Record(key, number, "", vector, "", tagged ? ["x"] : []));
                    truth[key] = (vector, tagged);
                }

                var query = ShardRecords.Vector(random, dimensions);
                foreach (var filtered in new[] { false, true })
                {
                    var answer = shard.Near(query, k, filtered ? new RecordFilter { AllTags = ["x"] } : null);
                    var rows = truth.Where(row => !filtered || row.Value.Tagged).ToList();
                    Assert.Equal(rows.Count, answer.RowsMatching);
                    Assert.Equal(rows.Count, answer.RowsScanned);
                    Assert.Equal(Math.Min(k, rows.Count), answer.Hits.Count);
                    var best = rows.Select(row => ShardRecords.Cosine(query, row.Value.Vector)).OrderDescending().Take(k).ToList();
                    for (var i = 0; i < answer.Hits.Count; i++)
                    {
                        var hit = answer.Hits[i];
                        Assert.Equal(best[i], hit.Score, 1e-6);
                        Assert.Equal(ShardRecords.Cosine(query, truth[hit.Key].Vector), hit.Score, 1e-6);
                        Assert.Equal(new ScorePart("vector", hit.Score, i + 1, hit.Score), Assert.Single(hit.Parts));
                        Assert.True(i == 0 || answer.Hits[i - 1].Score > hit.Score ||
                            (answer.Hits[i - 1].Score == hit.Score && string.CompareOrdinal(answer.Hits[i - 1].Key, hit.Key) < 0));
                    }
                }
            },
            iter: 150);

    [Fact]
    public void A_scan_spread_over_processors_finds_the_same()
    {
        var random = new Random(5);
        using var shard = ShardRecords.Shard(256);
        var vectors = Enumerable.Range(0, 20_000).Select(_ => ShardRecords.Vector(random, 256)).ToArray();
        for (var i = 0; i < vectors.Length; i++)
        {
            shard.Put(ShardRecords.Record($"k{i}", i + 1, "", vectors[i]));
        }

        var query = ShardRecords.Vector(random, 256);
        var expected = Enumerable.Range(0, vectors.Length).OrderByDescending(i => ShardRecords.Cosine(query, vectors[i])).Take(50);

        Assert.Equal(expected.Select(i => $"k{i}"), shard.Near(query, 50).Keys());
    }

    [Fact]
    public void Vectors_of_extreme_size_neither_overflow_nor_vanish()
    {
        using var shard = ShardRecords.Shard(2);
        shard.Put(ShardRecords.Record("huge", 1, "", [float.MaxValue, float.MaxValue]));
        shard.Put(ShardRecords.Record("tiny", 2, "", [float.Epsilon, 0]));
        shard.Put(ShardRecords.Record("zero", 3, "", [0, 0]));

        var hits = shard.Near([1, 0]).Hits;

        Assert.Equal(["tiny", "huge", "zero"], hits.Select(hit => hit.Key));
        Assert.Equal(1, hits[0].Score, 1e-6);
        Assert.Equal(Math.Sqrt(0.5), hits[1].Score, 1e-6);
        Assert.Equal(0, hits[2].Score);
    }

    [Fact]
    public void A_vector_of_another_length_is_refused()
    {
        using var shard = ShardRecords.Shard(3);
        using var words = ShardRecords.Shard(0);

        Assert.Throws<ArgumentException>(() => shard.Near([1, 2]));
        Assert.Throws<ArgumentException>(() => words.Near([1, 2]));
        Assert.Throws<ArgumentException>(() => shard.Put(ShardRecords.Record("k", 1, "", [1, 2])));
    }

    [Fact]
    public void A_record_without_a_vector_is_found_by_words_only()
    {
        using var shard = ShardRecords.Shard(2);
        shard.Put(ShardRecords.Record("plain", 1, "a walrus"));
        shard.Put(ShardRecords.Record("placed", 2, "a seal", [1, 0]));

        Assert.Equal(["placed"], shard.Near([1, 0]).Keys());
        Assert.Equal(["plain"], shard.Find("walrus").Keys());
        Assert.Empty(shard.Search(new ShardQuery { Mode = SearchMode.Vector, Text = "walrus", Now = ShardRecords.Now }, default).Hits);
    }

    [Fact]
    public void Vectors_of_a_namespace_without_vectors_are_left_out()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("k", 1, "walrus", [1, 0]));

        Assert.Equal(["k"], shard.Find("walrus").Keys());
    }

    [Fact]
    public void A_cancelled_search_ends()
    {
        using var shard = ShardRecords.Shard(2);
        shard.Put(ShardRecords.Record("k", 1, "", [1, 0]));

        Assert.ThrowsAny<OperationCanceledException>(() =>
            shard.Search(new ShardQuery { Vector = [1, 0], Mode = SearchMode.Vector }, new CancellationToken(canceled: true)));
    }
}
