using Sophia.Gpu.Shards;
using Sophia.Memory.Log;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

public class HostShardTests
{
    [Fact]
    public void An_older_version_changes_nothing_and_a_change_may_come_twice()
    {
        using var shard = ShardRecords.Shard(0);
        var first = ShardRecords.Record("k", 5, "walrus");
        shard.Put(ShardRecords.Record("k", 9, "seal"));

        shard.Put(first);
        shard.Put(ShardRecords.Record("k", 9, "seal"));
        shard.Remove(first.Id, Sequence.Of(0, 8));

        Assert.Equal(1, shard.Count);
        Assert.Empty(shard.Find("walrus").Hits);
        Assert.Equal(Sequence.Of(0, 9), Assert.Single(shard.Find("seal").Hits).Sequence);
    }

    [Fact]
    public void A_removal_holds_against_older_versions_and_not_against_newer_ones()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Remove(ShardRecords.IdOf("k"), Sequence.Of(0, 5));

        shard.Put(ShardRecords.Record("k", 4, "walrus"));
        Assert.Equal(0, shard.Count);

        shard.Put(ShardRecords.Record("k", 6, "walrus"));
        Assert.Equal(1, shard.Count);
    }

    [Fact]
    public void Places_of_records_that_went_are_counted_and_used_again()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("k1", 1, "walrus"));
        shard.Put(ShardRecords.Record("k2", 2, "walrus"));
        shard.Remove(ShardRecords.IdOf("k1"), Sequence.Of(0, 3));
        Assert.Equal((1, 2), (shard.Count, shard.Slots));

        shard.Put(ShardRecords.Record("k3", 4, "walrus"));
        Assert.Equal((2, 2), (shard.Count, shard.Slots));
    }

    [Fact]
    public void Removal_marks_are_bounded_and_the_newest_stay()
    {
        var marks = new RemovalMarks();
        for (var i = 1; i <= RemovalMarks.Most + 10; i++)
        {
            marks.Add(ShardRecords.IdOf($"k{i}"), Sequence.Of(0, i));
        }

        Assert.False(marks.Covers(ShardRecords.IdOf("k10"), Sequence.Of(0, 1)));
        Assert.True(marks.Covers(ShardRecords.IdOf("k11"), Sequence.Of(0, 11)));
        Assert.True(marks.Covers(ShardRecords.IdOf($"k{RemovalMarks.Most + 10}"), Sequence.Of(0, 1)));
    }

    [Fact]
    public void Hybrid_search_unites_both_parts_and_their_contributions_make_the_score()
    {
        using var shard = ShardRecords.Shard(2);
        shard.Put(ShardRecords.Record("both", 1, "walrus", [1, 0.1f]));
        shard.Put(ShardRecords.Record("words", 2, "walrus", [-1, 0]));
        shard.Put(ShardRecords.Record("near", 3, "seal", [1, 0]));
        shard.Put(ShardRecords.Record("bare", 4, "walrus and more words to make it long"));

        var answer = shard.Search(new ShardQuery { Text = "walrus", Vector = [1, 0], K = 10, Now = ShardRecords.Now }, default);

        Assert.Equal("both", answer.Hits[0].Key);
        Assert.Equal(["bare", "both", "near", "words"], answer.Keys().Order(StringComparer.Ordinal));
        Assert.All(answer.Hits, hit => Assert.Equal(hit.Score, hit.Parts.Sum(part => part.Contribution), 1e-12));
        var both = answer.Hits[0];
        Assert.Equal(["lexical", "vector"], both.Parts.Select(part => part.Name));
        Assert.Equal(2, both.Parts[1].Rank);
        Assert.Equal(["vector"], answer.Hits.Single(hit => hit.Key == "near").Parts.Select(part => part.Name));
        Assert.Equal(["lexical"], answer.Hits.Single(hit => hit.Key == "bare").Parts.Select(part => part.Name));
        Assert.Equal(3, answer.RowsScanned);
        Assert.Equal(4, answer.RowsMatching);
    }

    [Fact]
    public void Equal_scores_are_ordered_by_key()
    {
        using var shard = ShardRecords.Shard(2);
        foreach (var key in new[] { "c", "a", "b", "B" })
        {
            shard.Put(ShardRecords.Record(key, 1, "walrus", [1, 0]));
        }

        Assert.Equal(["B", "a", "b"], shard.Find("walrus", 3).Keys());
        Assert.Equal(["B", "a"], shard.Near([1, 0], 2).Keys());
    }

    [Fact]
    public async Task Searches_during_writes_see_everything_acknowledged_before_them()
    {
        using var shard = ShardRecords.Shard(16);
        var acknowledged = 0;
        const int Most = 4_000;
        var writer = Task.Run(() =>
        {
            var random = new Random(1);
            for (var i = 1; i <= Most; i++)
            {
                var vector = ShardRecords.Vector(random, 16);
                shard.Put(ShardRecords.Record($"k{i}", 2L * i, $"walrus number{i}", vector));
                Volatile.Write(ref acknowledged, i);

                // What moves and goes away meanwhile must not disturb.
                shard.Put(ShardRecords.Record("moving", (2L * i) + 1, "seal", ShardRecords.Vector(random, 16)));
                if (i % 3 == 0)
                {
                    shard.Put(ShardRecords.Record($"gone{i}", (2L * i) + 1, "otter", vector));
                    shard.Remove(ShardRecords.IdOf($"gone{i}"), Sequence.Of(0, (2L * i) + 1));
                }
            }
        });
        var searches = 0;
        var query = ShardRecords.Vector(new Random(9), 16);
        while (!writer.IsCompleted || searches < 10)
        {
            var seen = Volatile.Read(ref acknowledged);
            var answer = shard.Near(query, 1_000);
            Assert.True(answer.Hits.Count >= Math.Min(seen, 1_000));
            if (seen > 0)
            {
                Assert.Contains($"k{seen}", shard.Find($"number{seen}").Keys());
                var hybrid = shard.Search(new ShardQuery { Text = $"number{seen}", Vector = query, Now = ShardRecords.Now }, default);
                Assert.Contains($"k{seen}", hybrid.Keys());
                Assert.All(hybrid.Hits, hit => Assert.DoesNotContain("gone", hit.MatchedTerms));
            }

            searches++;
        }

        await writer;
        Assert.Equal(Most + 1, shard.Count);
    }

    [Fact]
    public async Task A_record_that_moves_during_every_scan_is_found_by_every_search()
    {
        using var shard = ShardRecords.Shard(256);
        var random = new Random(3);
        for (var i = 0; i < 20_000; i++)
        {
            shard.Put(ShardRecords.Record($"k{i}", i + 1, "", ShardRecords.Vector(random, 256)));
        }

        var query = ShardRecords.Vector(random, 256);
        shard.Put(ShardRecords.Record("moving", 30_000, "", query));
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(() =>
        {
            for (var number = 30_001; !stop.IsCancellationRequested; number += 3)
            {
                // The first takes the slot that the moving one leaves.
                shard.Put(ShardRecords.Record("moving", number, "", query));
                shard.Put(ShardRecords.Record("filler", number + 1, "", ShardRecords.Vector(random, 256)));
                shard.Remove(ShardRecords.IdOf("filler"), Sequence.Of(0, number + 2));
            }
        });
        for (var search = 0; search < 300; search++)
        {
            Assert.Equal("moving", shard.Near(query, 5).Hits[0].Key);
        }

        await stop.CancelAsync();
        await writer;
    }

    [Fact]
    public void The_words_of_a_record_are_held_no_longer_than_it_is_put()
    {
        using var shard = ShardRecords.Shard(2);

        shard.Put(ShardRecords.Record("k", 1, "a forgotten walrus", [1, 0]));
        Assert.Equal(0, shard.WordsHeld);
        Assert.Single(shard.Find("walrus").Hits);

        shard.Remove(ShardRecords.IdOf("k"), Sequence.Of(0, 2));
        shard.Dispose();
        Assert.Throws<ObjectDisposedException>(() => shard.Put(ShardRecords.Record("k", 3, "another walrus")));
        Assert.Equal(0, shard.WordsHeld);
    }

    [Fact]
    public void A_disposed_shard_says_so()
    {
        var shard = ShardRecords.Shard(2);
        shard.Dispose();
        shard.Dispose();

        Assert.Throws<ObjectDisposedException>(() => shard.Find("walrus"));
        Assert.Throws<ObjectDisposedException>(() => shard.Put(ShardRecords.Record("k", 1)));
    }

    [Fact]
    public void An_empty_shard_answers_with_nothing_and_takes_little()
    {
        using var shard = ShardRecords.Shard(256);

        Assert.Empty(shard.Near(new float[256]).Hits);
        Assert.Empty(shard.Find("").Hits);
        Assert.InRange(shard.SizeInMemory, 0, 20_000);
    }

    [Fact]
    public void The_engine_says_what_it_computes_with() => Assert.StartsWith("host memory, ", new HostShardEngine().Engine, StringComparison.Ordinal);
}
