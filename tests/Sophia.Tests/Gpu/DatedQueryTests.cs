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
    [InlineData("last October", SearchMode.Hybrid, 1.3)]
    [InlineData("last October", SearchMode.Vector, 1.3)]
    [InlineData("last October", SearchMode.Lexical, 1.3)]
    [InlineData("what happened last October?", SearchMode.Hybrid, 1.3)]
    [InlineData("what happened last October?", SearchMode.Vector, 1.3)]
    [InlineData("zebras last October", SearchMode.Lexical, 1.3)]
    [InlineData("zebras last October", SearchMode.Hybrid, 0.3)]
    [InlineData("zebras last October", SearchMode.Vector, 0.3)]
    public void Where_it_says_nothing_else_what_is_of_the_time_comes_first_and_a_model_may_know_what_no_word_says(string text, SearchMode mode, double weight)
    {
        var hits = Find(text, mode).Hits;

        var dated = hits.Single(static hit => hit.Key == "m05");
        Assert.Equal(weight, dated.Parts.Single(static part => part.Name == "date").Contribution / Best(hits), 6);
        Assert.True(weight < 1 || hits[0] == dated);
    }

    [Fact]
    public void With_the_default_embedder_cosines_say_nothing_that_words_do_not()
    {
        using var shard = (HostShard)new HostShardEngine().Create(
            ShardRecords.Namespace(2) with { Settings = ShardRecords.Namespace(2).Settings with { VectorModel = Sophia.Gpu.Embedding.HashedEmbedder.ModelName } });
        shard.Put(ShardRecords.Record("then", 1, "diary", [0.1f, 1]) with { ValidFrom = ShardRecords.Now.AddMonths(-5) });
        shard.Put(ShardRecords.Record("now", 2, "diary", [1, 0.5f]));

        Assert.Equal("then", Find(shard, "zebras last October", SearchMode.Hybrid).Hits[0].Key);
    }

    [Fact]
    public void Words_of_questions_decide_where_they_are_not_said_in_a_turn()
    {
        _shard.Put(ShardRecords.Record("plan", 50, "plan for the new office", [1, 0.5f]) with { ValidFrom = ShardRecords.Now });

        Assert.Equal("plan", Find("new plan last October", SearchMode.Lexical).Hits[0].Key);
    }

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

    /// <summary>The best own score: none of these hits has another part that raises it.</summary>
    private static double Best(IReadOnlyList<ShardHit> hits) =>
        hits.Max(static hit => hit.Parts.Where(static part => part.Name is "lexical" or "vector").Sum(static part => part.Contribution)) is > 0 and var best ? best : 1;

    private ShardAnswer Find(string text, SearchMode mode) => Find(_shard, text, mode);

    private static ShardAnswer Find(HostShard shard, string text, SearchMode mode) => shard.Search(
        new ShardQuery
        {
            Text = text, Vector = mode == SearchMode.Lexical ? null : [1, 0.5f], Mode = mode, K = 30, Now = ShardRecords.Now, Typos = true,
            Dates = DateReader.Read(text, ShardRecords.Now),
        },
        default);
}
