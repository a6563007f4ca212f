using CsCheck;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

/// <summary>Words that stand beside each other say more than the same words apart.</summary>
public sealed class NearnessTests
{
    [Fact]
    public void Of_two_records_with_the_same_words_the_one_in_which_they_stand_together_comes_first_and_says_why()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("a", 1, "The copper is sold, and in the old harbour there hangs a lantern."));
        shard.Put(ShardRecords.Record("b", 2, "The copper lantern is sold, and there it hangs in the old harbour."));

        var hits = shard.Search(Query("copper lantern"), default).Hits;

        Assert.Equal(["b", "a"], hits.Select(hit => hit.Key));
        var part = Assert.Single(hits[0].Parts, part => part.Name == "proximity");
        Assert.Equal(0, part.Rank);
        Assert.Equal(0.1 * part.Score * hits[0].Parts[0].Contribution, part.Contribution, 9);
        Assert.InRange(part.Score, 0.2, 0.6);
        Assert.DoesNotContain(hits[1].Parts, part => part.Name == "proximity");
    }

    [Fact]
    public void The_nearer_they_stand_the_more_it_is_up_to_four_words()
    {
        using var shard = ShardRecords.Shard(0);
        for (var between = 0; between < 6; between++)
        {
            var (filling, rest) = (string.Concat(Enumerable.Repeat("xx ", between)), string.Concat(Enumerable.Repeat("xx ", 5 - between)));
            shard.Put(ShardRecords.Record($"{between}", between + 1, $"copper {filling}lantern {rest}"));
        }

        var hits = shard.Search(Query("lantern copper") with { Fold = false }, default).Hits;

        Assert.Equal(["0", "1", "2", "3"], hits.Where(hit => hit.Parts.Any(part => part.Name == "proximity")).Select(hit => hit.Key));
        var scores = hits.Take(4).Select(hit => hit.Parts.Single(part => part.Name == "proximity").Score).ToArray();
        Assert.Equal([1, 1 / 2.0, 1 / 3.0, 1 / 4.0], scores.Select(score => score / scores[0]), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void A_pair_counts_where_it_stands_nearest_and_once_however_often_it_stands_there()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("often", 1, "copper lantern xx copper lantern xx copper lantern"));
        shard.Put(ShardRecords.Record("once", 2, "lantern xx xx copper xx xx xx xx xx xx copper lantern"));

        var hits = shard.Search(Query("copper lantern"), default).Hits;

        Assert.Equal(2, hits.Count);
        Assert.Single(hits.Select(hit => Math.Round(hit.Parts.Single(part => part.Name == "proximity").Score, 9)).Distinct());
    }

    [Fact]
    public void The_parts_of_one_name_are_not_near_each_other()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("a", 1, "the release v1.2 is out"));

        Assert.DoesNotContain(shard.Search(Query("v1.2"), default).Hits[0].Parts, part => part.Name == "proximity");
        Assert.Contains(shard.Search(Query("release v1.2"), default).Hits[0].Parts, part => part.Name == "proximity");
    }

    [Fact]
    public void A_search_by_words_alone_over_records_that_stand_alone_is_ordered_by_BM25()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("a", 1, "copper lantern"));

        Assert.Equal(["lexical"], shard.Find("copper lantern").Hits[0].Parts.Select(part => part.Name));
    }

    [Fact]
    public void It_is_what_all_pairs_of_places_say_for_any_text_and_query() => Gen.Select(Gen.Int[0, 7].Array[0, 40], Gen.Int[0, 7].Array[1, 6]).Sample((text, asked) =>
    {
        var words = new[] { "harbour", "lantern", "copper", "meadow", "violin", "kitten", "xx", "yy" };
        var index = new Sophia.Gpu.Lexical.LexicalIndex();
        var read = new List<Sophia.Gpu.Text.Word>();
        Sophia.Gpu.Text.TextAnalyzer.English.Analyze(string.Join(' ', text.Select(word => words[word])), read);
        var document = index.Add(0, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(read));
        var query = new Sophia.Gpu.Lexical.LexicalQuery(Sophia.Gpu.Text.TextAnalyzer.English, string.Join(' ', asked.Select(word => words[word])));

        var score = index.Nearness(query).Score(document);

        // Every term of the text is in its one document: they all weigh the same.
        var idf = new Sophia.Gpu.Lexical.Bm25(index.Count, text.Length).Idf(1);
        double expected = 0;
        foreach (var a in asked.Distinct())
        {
            foreach (var b in asked.Distinct().Where(b => b > a))
            {
                var nearest = (from i in Enumerable.Range(0, text.Length) from j in Enumerable.Range(0, text.Length) where text[i] == a && text[j] == b select Math.Abs(i - j)).DefaultIfEmpty(99).Min();
                expected += nearest <= 4 ? idf / nearest : 0;
            }
        }

        Assert.Equal(expected, score, 9);
    });

    private static ShardQuery Query(string text) => new() { Text = text, Mode = SearchMode.Hybrid, K = 10, Fold = true, Now = ShardRecords.Now };
}
