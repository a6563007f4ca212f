using Sophia.Gpu.Shards;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Dates;

namespace Sophia.Tests.Gpu;

/// <summary>A query that speaks of a time: its words are no misspellings, and where it says nothing else the time decides.</summary>
public sealed class DatedQueryTests : IDisposable
{
    private readonly HostShard _shard = ShardRecords.Shard(2);

    public DatedQueryTests()
    {
        for (var month = 0; month < 24; month++)
        {
            // No words in common, and cosines that have nothing to do with the month: that of the one that is looked for is the least.
            _shard.Put(ShardRecords.Record($"m{month:00}", month + 1, $"diary entry {month} lost", [month == 5 ? 0.1f : 1, 0.5f]) with
            {
                ValidFrom = ShardRecords.Now.AddMonths(-month),
            });
        }
    }

    public void Dispose() => _shard.Dispose();

    [Theory]
    [InlineData("last October", SearchMode.Hybrid)]
    [InlineData("last October", SearchMode.Vector)]
    [InlineData("last October", SearchMode.Lexical)]
    [InlineData("what happened last October?", SearchMode.Hybrid)]
    [InlineData("what happened last October?", SearchMode.Vector)]
    [InlineData("zebras last October", SearchMode.Hybrid)]
    [InlineData("zebras last October", SearchMode.Lexical)]
    public void Where_it_says_nothing_else_what_is_of_the_time_comes_first(string text, SearchMode mode) =>
        Assert.Equal("m05", Find(text, mode).Hits[0].Key);

    [Fact]
    public void Where_it_says_more_the_words_decide_and_the_time_raises()
    {
        _shard.Put(ShardRecords.Record("zebra", 50, "a zebra at the lake", [1, 0.5f]) with { ValidFrom = ShardRecords.Now });

        var hits = Find("zebras last October", SearchMode.Hybrid).Hits;

        Assert.Equal("zebra", hits[0].Key);
        Assert.Equal(0.3, hits.Single(static hit => hit.Key == "m05").Parts.Single(static part => part.Name == "date").Contribution / hits[0].Score, 2);
    }

    [Theory]
    [InlineData("who was there last October", "last")]
    [InlineData("who was there in March", "march")]
    public void The_words_of_a_time_are_no_misspellings_of_others(string text, string word)
    {
        _shard.Put(ShardRecords.Record("marsh", 50, "the marsh is wet", [1, 0.5f]));

        Assert.DoesNotContain(Find(text, SearchMode.Lexical).Corrections, correction => correction.From == word);
    }

    [Fact]
    public void A_word_beside_a_time_is_still_corrected() =>
        Assert.Equal("dairy", Assert.Single(Find("dairy last October", SearchMode.Lexical).Corrections).From);

    private ShardAnswer Find(string text, SearchMode mode) => _shard.Search(
        new ShardQuery
        {
            Text = text, Vector = mode == SearchMode.Lexical ? null : [1, 0.5f], Mode = mode, K = 10, Now = ShardRecords.Now, Typos = true,
            Dates = DateReader.Read(text, ShardRecords.Now),
        },
        default);
}
