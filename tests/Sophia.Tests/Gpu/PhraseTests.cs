using System.Globalization;
using CsCheck;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Text;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

public class PhraseTests
{
    private static readonly string[] Vocabulary = ["river", "stone", "the", "of", "moon", "v1.2", "light"];

    [Fact]
    public void Hits_are_the_records_in_which_the_words_follow_each_other_whatever_was_written_and_removed() =>
        Gen.Select(Gen.Int, Gen.Int[1, 900], Gen.Int[1, 3]).Sample((seed, operations, words) =>
        {
            var random = new Random(seed);
            using var shard = ShardRecords.Shard(0);
            var texts = new Dictionary<string, string>();
            for (var number = 1; number <= operations; number++)
            {
                var key = "k" + random.Next(operations).ToString(CultureInfo.InvariantCulture);
                if (random.Next(5) == 0)
                {
                    shard.Remove(ShardRecords.IdOf(key), Sophia.Memory.Log.Sequence.Of(0, number));
                    texts.Remove(key);
                }
                else
                {
                    shard.Put(ShardRecords.Record(key, number, texts[key] = Text(random, 8)));
                }
            }

            var phrase = Text(random, words);
            var wanted = Terms(phrase);
            var expected = texts.Where(pair => Follows(Terms(pair.Value), wanted)).Select(pair => pair.Key).Order(StringComparer.Ordinal).ToList();

            foreach (var query in new[] { $"\"{phrase}\"", $"(\"{phrase}\")", $"+\"{phrase}\" stone" })
            {
                var answer = shard.Find(query, k: 1000);

                Assert.Equal(expected, answer.Keys().Order(StringComparer.Ordinal));
                Assert.Equal([phrase], answer.Phrases);
            }

            // In a question those with the phrase come first, and the others behind them.
            var raised = shard.Find($"\"{phrase}\" stone", k: 1000).Keys().ToList();
            Assert.Equal(expected, raised.Take(expected.Count).Order(StringComparer.Ordinal));
            Assert.Superset(texts.Where(pair => Terms(pair.Value).Contains("stone")).Select(pair => pair.Key).ToHashSet(), raised.ToHashSet());
        },
        iter: 60);

    [Theory]
    [InlineData(150)]
    [InlineData(40_000)]
    public void Phrases_are_found_among_terms_whose_numbers_take_one_two_and_three_bytes(int vocabulary)
    {
        var random = new Random(vocabulary);
        using var shard = ShardRecords.Shard(0, "none");
        string Word(int number) => "w" + number.ToString(CultureInfo.InvariantCulture);
        for (var first = 0; first < vocabulary; first += 1_000)
        {
            shard.Put(ShardRecords.Record($"all{first}", first + 1, string.Join(' ', Enumerable.Range(first, Math.Min(1_000, vocabulary - first)).Select(Word))));
        }

        // Numbers whose bytes stand in each other.
        int[] some = [.. new[] { 0, 1, 2, 8, 100, 127, 128, 129, 130, 148, 16_384, 16_385, 16_400, 39_999 }.Where(number => number < vocabulary)];
        var texts = new Dictionary<string, int[]>();
        for (var i = 0; i < 600; i++)
        {
            int[] text = [.. Enumerable.Range(0, random.Next(1, 7)).Select(_ => some[random.Next(some.Length)])];
            texts[$"k{i}"] = text;
            shard.Put(ShardRecords.Record($"k{i}", vocabulary + i, string.Join(' ', text.Select(Word))));
        }

        for (var round = 0; round < 300; round++)
        {
            int[] phrase = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => some[random.Next(some.Length)])];
            var expected = texts.Where(pair => pair.Value.AsSpan().IndexOf(phrase) >= 0).Select(pair => pair.Key).Order(StringComparer.Ordinal);

            var found = shard.Find($"\"{string.Join(' ', phrase.Select(Word))}\"", k: 1000).Keys().Where(key => key[0] == 'k');

            Assert.Equal(expected, found.Order(StringComparer.Ordinal));
        }
    }

    [Theory]
    [InlineData("\"to be or not\"", "a")]
    [InlineData("“walking rivers”", "b")]
    [InlineData("„walked river“", "b")]
    [InlineData("\"river walking\"", "")]
    [InlineData("\"walk river\" \"to be\"", "")]
    [InlineData("5\" river", "b")]
    [InlineData("\"\" river", "b")]
    [InlineData("\"unheard river\"", "")]
    [InlineData("\"unheard river\" way", "b")]
    [InlineData("\"to be\" rivers", "a b")]
    [InlineData("rivers, \"to be\"", "a b")]
    [InlineData("rivers +\"to be\"", "a")]
    [InlineData("+\"to be\" \"other way\"", "a")]
    [InlineData("\"other way\" rivers \"or not\"", "b a")]
    [InlineData("way C+\"to be\"", "a b")]
    public void Quotes_of_all_kinds_hold_words_together(string query, string keys)
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("a", 1, "To be, or not to be"));
        shard.Put(ShardRecords.Record("b", 2, "He walks the other way, walking rivers along"));

        Assert.Equal(keys, string.Join(' ', shard.Find(query).Keys()));
    }

    [Fact]
    public void A_phrase_holds_for_what_is_found_by_vector_too()
    {
        using var shard = ShardRecords.Shard(2);
        shard.Put(ShardRecords.Record("near", 1, "stone river", [1, 0]));
        shard.Put(ShardRecords.Record("far", 2, "river stone", [0, 1]));
        var query = new ShardQuery { Text = "\"river stone\"", Vector = [1, 0], Mode = SearchMode.Hybrid, Now = ShardRecords.Now };

        Assert.Equal(["far"], shard.Search(query, default).Keys());
        Assert.Equal(["near", "far"], shard.Search(query with { Mode = SearchMode.Vector }, default).Keys());
    }

    [Fact]
    public void A_question_finds_the_record_with_its_phrase_before_a_hundred_that_have_more_of_its_words()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("book", 1, "On the way home she bought The Old Stone, which was in the window of a shop that sells lamps"));
        for (var i = 0; i < 300; i++)
        {
            shard.Put(ShardRecords.Record($"k{i:000}", i + 2, "old stone, read when stone was old"));
        }

        var answer = shard.Find("When did she read \"The Old Stone\"?");

        Assert.Equal(("book", 10), (answer.Hits[0].Key, answer.Hits.Count));
        Assert.Contains(answer.Hits[0].Parts, static part => part.Name == "phrase" && part.Contribution > 0);
        Assert.DoesNotContain(answer.Hits[1].Parts, static part => part.Name == "phrase");
    }

    [Fact]
    public void Phrases_of_stop_words_raise_what_has_them_and_bring_in_nothing_else()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("a", 1, "To be, or not to be"));
        shard.Put(ShardRecords.Record("b", 2, "rivers flow"));
        shard.Put(ShardRecords.Record("c", 3, "I went to the shop"));

        Assert.Equal(["a", "b"], shard.Find("\"to be\" rivers").Keys());
    }

    [Theory]
    [InlineData("\"old town\" \"new hall\" bread")]
    [InlineData("+\"old town\" \"new hall\" bread")]
    [InlineData("+\"new hall\" \"old town\" \"old town\" bread")]
    public void The_only_record_with_all_phrases_is_first_though_many_have_one_of_them_and_more_words(string query)
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("both", 1, "From the old town one walks to the new hall, along a street with lamps, trees, stones and many other things besides"));
        for (var i = 0; i < 50; i++)
        {
            shard.Put(ShardRecords.Record($"old{i:00}", 10 + i, "old town old town bread"));
            shard.Put(ShardRecords.Record($"new{i:00}", 100 + i, "new hall new hall bread"));
            shard.Put(ShardRecords.Record($"none{i:00}", 200 + i, "something else"));
        }

        Assert.Equal("both", shard.Find(query).Hits[0].Key);
    }

    [Fact]
    public void A_phrase_brings_in_no_record_that_the_filter_or_the_time_leaves_out()
    {
        using var shard = ShardRecords.Shard(2);
        shard.Put(ShardRecords.Record("tagged", 1, "the old town at night", [1, 0], tags: ["secret"]));
        shard.Put(ShardRecords.Record("expired", 2, "the old town by day", [1, 0]) with { ExpiresAt = ShardRecords.Now });
        shard.Put(ShardRecords.Record("other", 3, "a market", [0, 1]));
        var query = new ShardQuery
        {
            Text = "market in the \"old town\"", Vector = [1, 0], Mode = SearchMode.Hybrid, Now = ShardRecords.Now, Filter = new RecordFilter { NoTags = ["secret"] },
        };

        Assert.Equal(["other"], shard.Search(query, default).Keys());
    }

    [Fact]
    public void Of_many_records_with_the_phrase_the_nearest_by_vector_is_looked_at_too()
    {
        using var shard = ShardRecords.Shard(2);
        shard.Put(ShardRecords.Record("reef", 1, "Status report: what the divers saw along the coast in the spring of the year, at length", [1, 0]));
        for (var i = 0; i < 200; i++)
        {
            shard.Put(ShardRecords.Record($"report{i:000}", 10 + i, "Status report", [0, 1]));
            shard.Put(ShardRecords.Record($"sea{i:000}", 1_000 + i, "fish", [1, 0.001f]));
        }

        var query = new ShardQuery { Text = "\"status report\" about the sea", Vector = [1, 0], Mode = SearchMode.Hybrid, Now = ShardRecords.Now, Fold = false };

        Assert.Contains("reef", shard.Search(query, default).Keys());
    }

    [Fact]
    public void Of_more_than_sixteen_phrases_the_first_sixteen_are_looked_for()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("most", 1, string.Join(" and ", Enumerable.Range(1, 16).Select(static i => $"word{i}"))));
        shard.Put(ShardRecords.Record("few", 2, "word1 and word17"));

        Assert.Equal(["most"], shard.Find(string.Join(' ', Enumerable.Range(1, 17).Select(static i => $"\"word{i}\""))).Keys());
    }

    private static bool Follows(List<string> terms, List<string> wanted) =>
        Enumerable.Range(0, Math.Max(0, terms.Count - wanted.Count + 1)).Any(at => terms.Skip(at).Take(wanted.Count).SequenceEqual(wanted));

    private static List<string> Terms(string text)
    {
        var words = new List<Word>();
        TextAnalyzer.English.Analyze(text, words);
        return words.ConvertAll(word => word.Term);
    }

    private static string Text(Random random, int words) =>
        string.Join(' ', Enumerable.Range(0, random.Next(1, words + 1)).Select(_ => Vocabulary[random.Next(Vocabulary.Length)]));
}
