using CsCheck;
using Sophia.Gpu.Shards;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

/// <summary>Records of one conversation or document know those around them.</summary>
public sealed class NeighbourTests
{
    private static readonly string[] Words = ["harbour", "lantern", "copper", "meadow", "violin"];

    [Fact]
    public void A_turn_without_a_word_of_the_query_is_found_through_the_turn_before_it()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(Turn("s/1", 1, "c", 1, "Where did you put the lantern?"));
        shard.Put(Turn("s/2", 2, "c", 2, "In the cupboard under the stairs."));
        shard.Put(Turn("other", 3, "d", 1, "In the cupboard under the stairs."));

        var hits = shard.Find("lantern").Hits;

        Assert.Equal(["s/1", "s/2"], hits.Select(hit => hit.Key));
        Assert.Equal(["neighbour", "statement"], hits[1].Parts.Select(part => part.Name));
        Assert.Empty(hits[1].MatchedTerms);
    }

    [Fact]
    public void Turns_that_have_the_words_between_them_come_before_a_turn_that_repeats_one()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(Turn("a/1", 1, "c", 1, "The lantern, the old lantern, was it a lantern?"));
        shard.Put(Turn("b/1", 2, "d", 1, "Have you seen the lantern?"));
        shard.Put(Turn("b/2", 3, "d", 2, "It hangs by the harbour."));
        shard.Put(Turn("b/3", 4, "d", 3, "Next to the copper kettle."));

        Assert.Equal("a/1", shard.Find("lantern harbour copper").Keys()[^1]);
    }

    [Fact]
    public void A_record_that_stands_alone_and_has_all_words_comes_before_turns_that_have_one()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(Turn("a/1", 1, "c", 1, "Have you seen the lantern?"));
        shard.Put(Turn("a/2", 2, "c", 2, "No, not the lantern."));
        shard.Put(Turn("a/3", 3, "c", 3, "That lantern is gone."));
        shard.Put(ShardRecords.Record("note", 4, "The copper lantern hangs by the harbour."));

        Assert.Equal("note", shard.Find("copper lantern harbour").Keys()[0]);
    }

    [Fact]
    public void Without_neighbours_only_what_matches_itself_is_found()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(Turn("s/1", 1, "c", 1, "Where did you put the lantern?"));
        shard.Put(Turn("s/2", 2, "c", 2, "In the cupboard."));

        var answer = shard.Search(Query("lantern") with { Neighbours = false }, default);

        Assert.Equal(["s/1"], answer.Keys());
    }

    [Fact]
    public void A_turn_that_the_filter_refuses_is_no_hit_lends_nothing_and_stands_in_no_context()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("s/1", 1, "the lantern", attributes: Place("c", 1), tags: "secret"));
        shard.Put(ShardRecords.Record("s/2", 2, "in the cupboard", attributes: Place("c", 2), tags: "open"));
        shard.Put(ShardRecords.Record("s/3", 3, "the lantern again", attributes: Place("c", 3), tags: "open"));

        var answer = shard.Search(Query("lantern") with { Context = 5, Filter = new RecordFilter { AllTags = ["open"] } }, default);

        Assert.Equal(["s/3", "s/2"], answer.Keys());
        Assert.Equal(["s/2"], answer.Hits[0].Before.Select(key => key.Key));
        Assert.Equal(["s/3"], answer.Hits[1].After.Select(key => key.Key));
    }

    [Fact]
    public void The_numbers_in_the_key_of_a_turn_are_its_place_and_match_no_query()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(Turn("session/abc/0013", 1, "c", 13, "Good morning"));
        shard.Put(ShardRecords.Record("invoice/0013", 2, "Good morning"));

        Assert.Equal(["invoice/0013"], shard.Find("0013").Keys());
    }

    [Fact]
    public void Context_is_in_order_and_passes_over_gaps_through_any_changes() => Gen.Int[0, 7].Select(Gen.Int[0, 2], Gen.Int[0, 20], Gen.Int[0, 4], (key, group, position, word) => (key, group, position, word))
        .Array[1, 60].Sample(changes =>
        {
            using var shard = ShardRecords.Shard(0);
            var model = new Dictionary<string, (int Group, int Position)>();
            long number = 0;
            foreach (var (key, group, position, word) in changes)
            {
                number++;
                var name = $"k{key}";
                if (group == 2)
                {
                    model.Remove(name);
                    shard.Remove(ShardRecords.IdOf(name), Sophia.Memory.Log.Sequence.Of(0, number));
                }
                else
                {
                    model[name] = (group, position);
                    shard.Put(Turn(name, number, $"g{group}", position, $"{Words[word]} shared"));
                }

                // Reading between the changes, so that what was sorted before is changed after.
                CheckContext(shard, model);
            }
        });

    [Fact]
    public void The_contributions_of_a_hit_add_up_to_its_score_and_scores_fall() => Gen.Int[0, 4].Select(Gen.Int[0, 4], Gen.Int[0, 2], Gen.Double[0, 1], (a, b, group, importance) => (a, b, group, importance))
        .Array[1, 40].Sample(records =>
        {
            using var shard = ShardRecords.Shard(0);
            for (var i = 0; i < records.Length; i++)
            {
                var (a, b, group, importance) = records[i];
                var attributes = FormattableString.Invariant($$"""{"conversation":"g{{group}}","position":{{i}},"importance":{{importance}}}""");
                shard.Put(ShardRecords.Record($"k{i}", i + 1, $"{Words[a]} {Words[b]}", attributes: attributes));
            }

            var answer = shard.Search(
                Query("harbour lantern") with { K = 50, Importance = 0.4, Recency = new Recency(0.3, TimeSpan.FromDays(7)) }, default);

            foreach (var hit in answer.Hits)
            {
                Assert.Equal(hit.Score, hit.Parts.Sum(part => part.Contribution), 9);
            }

            Assert.Equal(answer.Hits.OrderByDescending(hit => hit.Score).ThenBy(hit => hit.Key, StringComparer.Ordinal).Select(hit => hit.Key), answer.Keys());
        });

    [Fact]
    public void Recency_puts_the_newer_of_equals_first_and_says_by_how_much()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("a-old", 1, "lantern") with { ValidFrom = ShardRecords.Now.AddDays(-14) });
        shard.Put(ShardRecords.Record("b-new", 2, "lantern") with { ValidFrom = ShardRecords.Now });

        var hits = shard.Search(Query("lantern") with { Recency = new Recency(0.5, TimeSpan.FromDays(7)) }, default).Hits;

        Assert.Equal(["b-new", "a-old"], hits.Select(hit => hit.Key));
        Assert.Equal([1.0, 0.25], hits.Select(hit => hit.Parts.Single(part => part.Name == "recency").Score));
    }

    [Fact]
    public void A_record_of_a_time_that_the_query_speaks_of_is_found_without_a_word_in_common()
    {
        using var shard = ShardRecords.Shard(0);
        var day = new DateTimeOffset(2026, 2, 27, 0, 0, 0, TimeSpan.Zero);
        shard.Put(ShardRecords.Record("then", 1, "the boiler was mended") with { ValidFrom = day.AddHours(9) });
        shard.Put(ShardRecords.Record("later", 2, "the boiler broke") with { ValidFrom = day.AddDays(1) });

        var hits = shard.Search(Query("yesterday evening") with { Dates = [new DateMention("yesterday", day, day.AddDays(1))] }, default).Hits;

        Assert.Equal(["then"], hits.Select(hit => hit.Key));
        Assert.Equal("date", hits[0].Parts.Single().Name);
    }

    private static void CheckContext(HostShard shard, Dictionary<string, (int Group, int Position)> model)
    {
        var hits = shard.Search(Query("shared") with { K = 100, Context = 20 }, default).Hits;
        Assert.Equal(model.Keys.Order(StringComparer.Ordinal), hits.Select(hit => hit.Key).Order(StringComparer.Ordinal));
        foreach (var hit in hits)
        {
            var expected = model.Where(other => other.Value.Group == model[hit.Key].Group)
                .OrderBy(other => other.Value.Position).ThenBy(other => other.Key, StringComparer.Ordinal).Select(other => other.Key);
            Assert.Equal(expected, hit.Before.Select(key => key.Key).Append(hit.Key).Concat(hit.After.Select(key => key.Key)));
        }
    }

    private static ShardQuery Query(string text) => new() { Text = text, Mode = SearchMode.Lexical, Now = ShardRecords.Now };

    private static string Place(string conversation, int position) =>
        FormattableString.Invariant($$"""{"conversation":"{{conversation}}","position":{{position}}}""");

    private static Sophia.Memory.Records.MemoryRecord Turn(string key, long number, string conversation, int position, string text) =>
        ShardRecords.Record(key, number, text, attributes: Place(conversation, position));
}
