using System.Collections;
using Sophia.Gpu.Shards;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

/// <summary>What a query that speaks of times costs, beside what it finds.</summary>
public sealed class SpokenOfTests
{
    [Fact]
    public void Of_a_time_only_the_rows_with_the_phrase_that_hits_must_have_are_asked()
    {
        using var shard = Shard(10_000);
        shard.Put(ShardRecords.Record("town", 20_000, "the old town by night"));
        var dates = new AskedDates();

        var answer = shard.Search(Query("+\"old town\"", dates), default);

        Assert.Equal(["town"], answer.Keys());
        Assert.InRange(dates.Asked, 1, 100);
    }

    [Fact]
    public void A_caller_who_leaves_while_the_rows_of_a_time_are_looked_for_is_let_go()
    {
        using var shard = Shard(20_000);
        using var leaving = new CancellationTokenSource();
        var dates = new AskedDates { WhenAsked = leaving.Cancel };

        Assert.ThrowsAny<OperationCanceledException>(() => shard.Search(Query("lantern", dates), leaving.Token));
        Assert.InRange(dates.Asked, 1, 15_000);
    }

    [Fact]
    public void The_words_of_a_phrase_are_looked_up_once_however_many_rows_have_it()
    {
        var phrase = string.Join(' ', Enumerable.Repeat("the", 1_000));
        using var shard = ShardRecords.Shard(0);
        for (var i = 0; i < 300; i++)
        {
            shard.Put(ShardRecords.Record($"k{i}", i + 1, phrase));
        }

        var query = Query($"+\"{phrase}\"", new AskedDates());
        shard.Search(query, default);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var answer = shard.Search(query, default);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(10, answer.Hits.Count);
        Assert.InRange(allocated, 1, 1_000_000);
    }

    private static ShardQuery Query(string text, AskedDates dates) =>
        new() { Text = text, Mode = SearchMode.Lexical, Now = ShardRecords.Now, Dates = dates };

    private static HostShard Shard(int rows)
    {
        var shard = ShardRecords.Shard(0);
        for (var i = 0; i < rows; i++)
        {
            shard.Put(ShardRecords.Record($"k{i}", i + 1, "lantern"));
        }

        return shard;
    }

    /// <summary>All times, which count how often they are asked for.</summary>
    private sealed class AskedDates : IReadOnlyList<DateMention>
    {
        private static readonly DateMention Always = new("since 2020", DateTimeOffset.MinValue, DateTimeOffset.MaxValue);

        public Action? WhenAsked { get; init; }

        public int Asked { get; private set; }

        public int Count => 1;

        public DateMention this[int index]
        {
            get
            {
                Asked++;
                WhenAsked?.Invoke();
                return Always;
            }
        }

        public IEnumerator<DateMention> GetEnumerator() => Enumerable.Repeat(Always, 1).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
