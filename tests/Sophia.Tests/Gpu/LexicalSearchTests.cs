using System.Text;
using CsCheck;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Text;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

public class LexicalSearchTests
{
    private static readonly string[] Vocabulary =
        ["river", "rivers", "stone", "walking", "walked", "the", "of", "tree", "moon", "v1.2", "foo_bar", "light", "dark", "sea"];

    [Fact]
    public void Scores_are_those_of_BM25_over_the_living_records_whatever_was_there_before() =>
        Gen.Select(Gen.Int, Gen.Int[1, 200], Gen.Int[1, 60]).Sample(
            (seed, operations, k) =>
            {
                var random = new Random(seed);
                using var shard = ShardRecords.Shard(0);
                var truth = new Dictionary<string, MemoryRecord>();
                for (var number = 1; number <= operations; number++)
                {
                    var key = $"k{random.Next(50)}";
                    if (random.Next(4) == 0)
                    {
                        shard.Remove(ShardRecords.IdOf(key), Sophia.Memory.Log.Sequence.Of(0, number));
                        truth.Remove(key);
                    }
                    else
                    {
                        shard.Put(truth[key] = ShardRecords.Record(key, number, Words(random, 30)));
                    }
                }

                var query = Words(random, 4);
                var expected = Naive(truth.Values, query);
                var answer = shard.Find(query, k);

                Assert.Equal(Math.Min(k, expected.Count), answer.Hits.Count);
                for (var i = 0; i < answer.Hits.Count; i++)
                {
                    // Scores that are equal but for the rounding of their sums may come in either order, so each hit is
                    // held against the truth of its own key, and the order against the truth's scores.
                    var own = expected.Single(e => e.Key == answer.Hits[i].Key);
                    Assert.Equal(expected[i].Score, answer.Hits[i].Score, 1e-9);
                    Assert.Equal(own.Score, answer.Hits[i].Score, 1e-9);
                    Assert.Equal(own.Terms, answer.Hits[i].MatchedTerms.Order(StringComparer.Ordinal));
                    Assert.True(i == 0 || answer.Hits[i - 1].Score > answer.Hits[i].Score || (answer.Hits[i - 1].Score == answer.Hits[i].Score &&
                        string.CompareOrdinal(answer.Hits[i - 1].Key, answer.Hits[i].Key) < 0));
                }
            },
            iter: 300);

    [Fact]
    public void Compaction_changes_no_score_and_gives_memory_back()
    {
        var index = new LexicalIndex();
        var documents = new int[2048];
        var random = new Random(3);
        for (var row = 0; row < documents.Length; row++)
        {
            documents[row] = index.Add(row, Analyze(Words(random, 30)));
        }

        for (var row = 0; row < documents.Length; row += 3)
        {
            index.Remove(documents[row]);
        }

        var query = new LexicalQuery(TextAnalyzer.English, "river stone walk");
        var before = Scores();
        var size = index.SizeInMemory;

        index.Invert();
        index.Become(index.Compacted(documents), documents);

        Assert.Equal(before, Scores());
        Assert.True(index.SizeInMemory <= size);

        double[] Scores() => [.. Enumerable.Range(0, documents.Length).Where(row => row % 3 != 0).Select(row => index.Score(query, documents[row], out _))];
    }

    [Fact]
    public void Replacing_a_few_records_for_ever_does_not_grow_the_shard()
    {
        using var shard = ShardRecords.Shard(4);
        long half = 0;
        for (var number = 1; number <= 300_000; number++)
        {
            shard.Put(ShardRecords.Record($"k{number % 50}", number, $"river stone unique{number}", [1, 2, 3, number]));
            half = number == 150_000 ? shard.SizeInMemory : half;
        }

        Assert.InRange(shard.SizeInMemory, 1, (half * 2) + 100_000);
        Assert.Equal(50, shard.Find("river", 100).Hits.Count);
        Assert.Equal(["k1"], shard.Find("unique299951").Keys());
        Assert.Empty(shard.Find("unique299950").Hits);
    }

    [Fact]
    public void Inflected_forms_find_each_other_and_without_a_language_they_do_not()
    {
        using var english = ShardRecords.Shard(0);
        using var plain = ShardRecords.Shard(0, "none");
        english.Put(ShardRecords.Record("k", 1, "She was connecting the generators"));
        plain.Put(ShardRecords.Record("k", 1, "She was connecting the generators"));

        Assert.Equal(["connect", "generat"], Assert.Single(english.Find("connection of a generator").Hits).MatchedTerms.Order(StringComparer.Ordinal));
        Assert.Empty(plain.Find("connection of a generator").Hits);
        Assert.Single(plain.Find("the generators").Hits);
    }

    [Fact]
    public void Stop_words_are_searched_when_there_is_nothing_else()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("hamlet", 1, "To be, or not to be, that is the question"));
        shard.Put(ShardRecords.Record("macbeth", 2, "Is this a dagger which I see before me"));

        Assert.Equal(["hamlet"], shard.Find("to be or not to be").Keys());
        Assert.Equal(["macbeth"], shard.Find("is the dagger").Keys());
    }

    [Fact]
    public void Keys_tags_and_every_string_of_JSON_are_words_and_bytes_are_not()
    {
        using var shard = ShardRecords.Shard(0);
        var json = ShardRecords.Record("doc/refund-policy", 1, """{"a":["walrus",{"b":"seal"}],"walnut":1}""", null, "", "Marine Biology");
        shard.Put(json with { Kind = ContentKind.Json });
        shard.Put(ShardRecords.Record("blob", 2, "walrus", null, "", "sealed") with { Kind = ContentKind.Bytes });

        Assert.Equal(["doc/refund-policy"], shard.Find("walrus").Keys());
        Assert.Equal(["doc/refund-policy"], shard.Find("refunds biology").Keys());
        Assert.Equal(["blob", "doc/refund-policy"], shard.Find("seal").Keys().Order(StringComparer.Ordinal));
        Assert.Empty(shard.Find("walnut").Hits);
    }

    [Fact]
    public void JSON_with_half_a_surrogate_pair_does_not_stop_the_shard()
    {
        using var shard = ShardRecords.Shard(0);
        var record = ShardRecords.Record("k", 1, """{"a":"\ud800","b":"walrus"}""", null, """{"x":"\udc00","y":1}""") with { Kind = ContentKind.Json };
        shard.Put(record);

        var filter = new RecordFilter { Attributes = [new AttributeCondition("y", Comparison.Exists, [])] };
        Assert.Equal(["k"], shard.Find("walrus", 10, filter).Keys());
        Assert.True(RecordFilterMatcher.Matches(filter, record));
    }

    [Fact]
    public void A_record_without_words_behind_one_that_filled_its_page_is_passed_over()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("filler", 1, string.Join(' ', Enumerable.Range(0, 1_000).Select(static i => $"word{i}"))));
        shard.Put(ShardRecords.Record("2", 2, "👍", attributes: """{"conversation":"c","position":2}"""));
        for (var i = 0; i < 600; i++)
        {
            shard.Put(ShardRecords.Record($"hello{i}", 3 + i, "hello"));
        }

        var filter = new RecordFilter { Attributes = [new AttributeCondition("conversation", Comparison.Equal, [new AttributeValue("c", null, null)])] };
        var answer = shard.Find("hello", 10, filter);

        Assert.Equal((0, 1), (answer.Hits.Count, (int)answer.RowsMatching));
    }

    private static string Words(Random random, int most) =>
        string.Join(' ', Enumerable.Range(0, random.Next(most + 1)).Select(_ => Vocabulary[random.Next(Vocabulary.Length)]));

    private static List<Word> Analyze(string text)
    {
        var words = new List<Word>();
        TextAnalyzer.English.Analyze(text, words);
        return words;
    }

    private static List<(string Key, double Score, IEnumerable<string> Terms)> Naive(IEnumerable<MemoryRecord> records, string query)
    {
        var documents = records.Select(record => (record.Key, Terms: Analyze(record.Key + " " + Encoding.UTF8.GetString(record.Content.Span))
            .ConvertAll(word => word.Term))).ToList();
        var words = Analyze(query);
        var terms = words.Where(word => !word.IsStopWord || words.TrueForAll(other => other.IsStopWord)).Select(word => word.Term).Distinct().ToList();
        var average = documents.Count == 0 ? 0 : documents.Average(document => document.Terms.Count);
        return [.. documents
            .Select(document => (document.Key, Score: terms.Sum(term => Weight(term) * Score(term, document.Terms)), Terms: (IEnumerable<string>)terms
                .Where(document.Terms.Contains).Order(StringComparer.Ordinal)))
            .Where(hit => hit.Score > 0)
            .OrderByDescending(hit => Math.Round(hit.Score, 10)).ThenBy(hit => hit.Key, StringComparer.Ordinal)];

        // In the words of these tests only parts of v1.2 and foo_bar never stand alone.
        static double Weight(string term) => term is "v1" or "2" or "foo" or "bar" ? LexicalQuery.PartWeight : 1;

        double Score(string term, List<string> document)
        {
            double tf = document.Count(term.Equals);
            var df = documents.Count(other => other.Terms.Contains(term));
            var idf = Math.Log(1 + ((documents.Count - df + 0.5) / (df + 0.5)));
            return idf * tf * 2.2 / (tf + (1.2 * (0.25 + (0.75 * document.Count / average))));
        }
    }
}
