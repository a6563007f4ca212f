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
            var expected = texts.Where(pair => Follows(Terms(pair.Value), wanted)).Select(pair => pair.Key).Order(StringComparer.Ordinal);

            var answer = shard.Find($"\"{phrase}\" stone", k: 1000);

            Assert.Equal(expected, answer.Keys().Order(StringComparer.Ordinal));
            Assert.Equal([phrase], answer.Phrases);
        },
        iter: 60);

    [Theory]
    [InlineData("\"to be or not\"", "a")]
    [InlineData("“walking rivers”", "b")]
    [InlineData("„walked river“", "b")]
    [InlineData("\"river walking\"", "")]
    [InlineData("\"walk river\" \"to be\"", "")]
    [InlineData("5\" river", "b")]
    [InlineData("\"\" river", "b")]
    [InlineData("\"unheard river\"", "")]
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
