using System.Runtime.InteropServices;
using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.AI;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Text;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

/// <summary>What says the same as a better hit is left out and named; what says something else never is.</summary>
public sealed class FoldingTests
{
    [Theory]
    [InlineData("Ann's flight leaves at 7", "Ann's flight leaves at 8")]
    [InlineData("The licence of the project is version 2 of the GPL, kept in the file COPYING of every release since 2019, and the maintainers answer questions about it on the mailing list within 14 days",
        "The licence of the project is version 2 of the GPL, kept in the file COPYING of every release since 2019, and the maintainers answer questions about it on the mailing list within 15 days")]
    [InlineData("Anna is allergic to peanuts and carries her medicine in the red bag", "Hanna is allergic to peanuts and carries her medicine in the red bag")]
    [InlineData("William has paid", "Williams has paid")]
    [InlineData("Ann owes Bob ten euros", "Bob owes Ann ten euros")]
    [InlineData("I do like olives", "I do not like olives")]
    public void Facts_that_differ_in_a_number_a_name_their_order_or_a_negation_are_both_hits(string one, string other)
    {
        var answer = Search(one, [one, other]);

        Assert.Equal(["k0", "k1"], answer.Keys().Order(StringComparer.Ordinal));
        Assert.All(answer.Hits, hit => Assert.Empty(hit.Folded));
    }

    [Theory]
    [InlineData("The temperature was -5 degrees today", "The temperature was 5 degrees today")]
    [InlineData("The temperature was \u22125 degrees today", "The temperature was 5 degrees today")]
    [InlineData("The balance is -$5", "The balance is $5")]
    [InlineData("From -5 to 10", "From 5 to -10")]
    [InlineData("It fell by -.5 points", "It fell by .5 points")]
    [InlineData("The price is $5", "The price is €5")]
    [InlineData("The price is 5%", "The price is 5")]
    [InlineData("a > b holds", "a < b holds")]
    [InlineData("a < b > c holds", "a > b < c holds")]
    [InlineData("x = a+b", "x = a-b")]
    [InlineData("2^3 is wanted", "2 3 is wanted")]
    [InlineData("Kate: 👍", "Kate: 👎")]
    [InlineData("Kate: 👍🏻", "Kate: 👍🏿")]
    [InlineData("The room has 20 m²", "The room has 20 m³")]
    [InlineData("Take 1½ cups", "Take 1¼ cups")]
    public void Facts_that_differ_in_a_symbol_are_both_hits(string one, string other)
    {
        foreach (var kind in (ContentKind[])[ContentKind.Text, ContentKind.Json])
        {
            Assert.Equal(2, CountOf(kind, one, other));
            Assert.Equal(1, CountOf(kind, one, $"({one.ToUpperInvariant()})"));
        }
    }

    [Theory]
    [InlineData("Hello, world!", "hello world")]
    [InlineData("A well-known, well-read man - he said", "a well known well read man he said")]
    [InlineData("Run `dotnet build` (now)", "run dotnet build now")]
    [InlineData("It costs -5 €.", "it costs \u22125 €")]
    [InlineData("Pages 5–10", "pages 5-10!")]
    [InlineData("«Ω ≈ 1», a² + ⅳ: ⓑ", "ω ≈ 1 A² + Ⅳ Ⓑ")]
    [InlineData("Re\u0301sume\u0301 = $5", "résumé = $5")]
    [InlineData("👍", "👍 ")]
    [InlineData("Kate: 👩🏽\u200d🚀 \u2764\ufe0f", "kate 👩🏽\u200d🚀 \u2764\ufe0f")]
    public void Case_and_punctuation_make_no_other_fact_of_a_text_with_symbols(string one, string other) => Assert.Equal(1, CountOf(ContentKind.Text, one, other));

    [Fact]
    public async Task Symbols_count_where_the_words_come_from_the_embedder_too()
    {
        using var embedder = new HashedEmbedder();
        using var shard = ShardRecords.Shard(HashedEmbedder.Dimensions);
        string[] texts = ["Kate: 👍 for the walrus", "Kate: 👎 for the walrus", "kate 👍 for the walrus"];
        var number = 0;
        foreach (var embedding in await embedder.GenerateAsync(texts))
        {
            Assert.True(MemoryMarshal.TryGetArray(embedding.Vector, out var vector));
            shard.Put(ShardRecords.Record($"k{number}", number + 1, texts[number++], vector: vector.Array));
        }

        var answer = shard.Search(new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical, Fold = true, Now = ShardRecords.Now }, default);

        Assert.Equal(["k0 k2", "k1"], answer.Hits.Select(hit => string.Join(' ', hit.Folded.Select(folded => folded.Key).Prepend(hit.Key).Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("The boiler was mended on Friday", "the boiler was mended on friday.")]
    [InlineData("Pay the plumber: 80 euros!", "Pay the plumber — 80 Euros")]
    public void The_same_words_in_another_dress_are_one_hit_that_names_the_other(string one, string other)
    {
        var answer = Search(one, [one, other, "something else altogether"]);

        var hit = answer.Hits.Single(hit => hit.Folded.Count > 0);
        Assert.Equal(["k0", "k1"], hit.Folded.Select(folded => folded.Key).Append(hit.Key).Order(StringComparer.Ordinal));
        Assert.InRange(hit.Folded[0].Similarity, 0.98, 1);
    }

    [Fact]
    public void Without_vectors_the_words_alone_tell()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("first", 1, "The lantern is lit."));
        shard.Put(ShardRecords.Record("second", 2, "the lantern is lit", tags: "evening"));
        shard.Put(ShardRecords.Record("third", 3, "the lantern is out"));

        var answer = shard.Search(new ShardQuery { Text = "lantern", Mode = SearchMode.Lexical, Fold = true, Now = ShardRecords.Now }, default);

        Assert.Equal(2, answer.Hits.Count);
        Assert.Single(answer.Hits.SelectMany(hit => hit.Folded));
    }

    [Fact]
    public void Copies_whose_accents_are_characters_of_their_own_say_the_same()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("first", 1, "Skål, see résumé.pdf of O’Féroë in Besançon"));
        shard.Put(ShardRecords.Record("second", 2, "Ska\u030al, see re\u0301sume\u0301.pdf of O’Fe\u0301roe\u0308 in Besanc\u0327on"));

        var answer = shard.Search(new ShardQuery { Text = "skål", Mode = SearchMode.Lexical, Fold = true, Now = ShardRecords.Now }, default);

        Assert.Single(Assert.Single(answer.Hits).Folded);
    }

    [Fact]
    public void Numbers_of_which_half_the_hash_is_the_same_are_not_the_same()
    {
        Assert.Equal((uint)TermHash.Of("100509"), (uint)TermHash.Of("144351"));
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("one", 1, "Invoice 100509 is paid"));
        shard.Put(ShardRecords.Record("other", 2, "Invoice 144351 is paid"));

        var answer = shard.Search(new ShardQuery { Text = "invoice", Mode = SearchMode.Lexical, Fold = true, Now = ShardRecords.Now }, default);

        Assert.Equal(["one", "other"], answer.Keys().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Folding_keeps_k_full_names_what_it_leaves_out_and_loses_nothing() => Gen.Int[0, 5].Array[1, 200].Select(Gen.Int[1, 8]).Sample((directions, k) =>
    {
        using var shard = ShardRecords.Shard(8);
        for (var i = 0; i < directions.Length; i++)
        {
            shard.Put(ShardRecords.Record($"k{i:D3}", i + 1, vector: Direction(directions[i])));
        }

        var query = new ShardQuery { Vector = [1, 0.9f, 0.8f, 0.7f, 0.6f, 0.5f, 0.4f, 0.3f], Mode = SearchMode.Vector, K = k, Now = ShardRecords.Now };
        var all = shard.Search(query with { K = 1000 }, default);
        var folded = shard.Search(query with { Fold = true }, default);
        var distinct = directions.Distinct().Count();

        Assert.Equal(directions.Length, all.Hits.Count);
        Assert.All(all.Hits, hit => Assert.Empty(hit.Folded));
        Assert.Equal(Math.Min(k, distinct), folded.Hits.Count);
        if (k >= distinct)
        {
            var complete = shard.Search(query with { Fold = true, K = 1000 }, default);
            Assert.Equal(
                all.Keys().Order(StringComparer.Ordinal),
                complete.Hits.SelectMany(hit => hit.Folded.Select(f => f.Key).Append(hit.Key)).Order(StringComparer.Ordinal));
        }
    });

    [Fact]
    public void Many_copies_are_folded_as_if_every_row_were_looked_at_in_order() =>
        Gen.Select(Gen.Select(Gen.Int[0, 4], Gen.Int[0, 6], Gen.Int[0, 9], Gen.Int[0, 99_999]).Array[1, 400], Gen.Int[1, 9], Gen.Bool).Sample((rows, k, isFiltered) =>
        {
            string[] texts = ["The lantern is lit.", "the lantern is LIT", "the lantern is out", "", "Ā lantern"];
            float[][] vectors = [[1, 0, 0, 0], [1, 0.05f, 0, 0], [1, 0.1f, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [-1, 0, 0, 0], [3, 0, 0, 0]];
            using var shard = ShardRecords.Shard(4);
            var truth = new Dictionary<string, (string Words, float[] Vector)>();
            for (var i = 0; i < rows.Length; i++)
            {
                var (text, vector, tag, name) = rows[i];
                // A few rows of each kind, and many of one.
                (text, vector) = name % 3 == 0 ? (text, vector) : (0, 0);
                var key = $"k{name}";
                truth.Remove(key);
                shard.Put(ShardRecords.Record(key, i + 1, texts[text], vectors[vector], "", tag == 0 ? [] : ["x"]));
                if (!isFiltered || tag != 0)
                {
                    truth[key] = (texts[text].ToUpperInvariant().TrimEnd('.'), vectors[vector]);
                }
            }

            var query = new ShardQuery
            {
                Vector = [1, 0.02f, 0, 0.3f], Mode = SearchMode.Vector, K = k, Now = ShardRecords.Now, Filter = isFiltered ? new RecordFilter { AllTags = ["x"] } : null,
            };
            var all = shard.Search(query with { K = 1000 }, default);
            var answer = shard.Search(query with { Fold = true }, default);

            var expected = new List<(string Key, int Rank, List<string> Folded)>();
            for (var i = 0; i < all.Hits.Count && expected.Count < k; i++)
            {
                var (words, vector) = truth[all.Hits[i].Key];
                var least = words.Length == 0 ? 1 - 1e-6 : 0.98;
                var kept = expected.FirstOrDefault(hit => truth[hit.Key].Words == words && ShardRecords.Cosine(truth[hit.Key].Vector, vector) >= least);
                if (kept.Folded is { } folded)
                {
                    folded.Add(all.Hits[i].Key);
                }
                else
                {
                    expected.Add((all.Hits[i].Key, i < k ? i + 1 : 0, []));
                }
            }

            Assert.Equal((truth.Count, all.RowsScanned), ((int)answer.RowsMatching, answer.RowsScanned));
            Assert.Equal(expected.Select(hit => (hit.Key, hit.Rank)), answer.Hits.Select(hit => (hit.Key, hit.Parts.Single().Rank)));
            Assert.Equal(expected.Select(hit => string.Join(' ', hit.Folded)), answer.Hits.Select(hit => string.Join(' ', hit.Folded.Select(folded => folded.Key))));
            Assert.All(answer.Hits, hit => Assert.All(
                hit.Folded, folded => Assert.Equal(ShardRecords.Cosine(truth[hit.Key].Vector, truth[folded.Key].Vector), folded.Similarity, 1e-6)));
            Assert.All(answer.Hits, hit => Assert.Equal(all.Hits.Single(other => other.Key == hit.Key).Score, hit.Score));
        }, iter: 2_000);

    [Fact]
    public void Keys_are_ordered_by_their_code_units() =>
        Gen.Select(Gen.Int[0, 4], Gen.OneOf(Gen.Char['a', 'c'], Gen.Char['\u00fd', '\u0102']).Array[0, 12].Array[0, 60]).Sample((shared, tails) =>
        {
            var keys = Array.ConvertAll(tails, tail => new string('n', shared) + new string(tail));
            var rows = Enumerable.Range(0, keys.Length).ToArray();

            KeyOrder.Sort(rows, new ChunkedRows<string?>(keys));

            Assert.Equal(keys.Order(StringComparer.Ordinal), rows.Select(row => keys[row]));
            Assert.Equal(keys.Length, rows.Distinct().Count());
        });

    private static float[] Direction(int axis)
    {
        var vector = new float[8];
        vector[axis] = 1;
        return vector;
    }

    private static ShardAnswer Search(string query, string[] texts)
    {
        using var shard = ShardRecords.Shard(HashedEmbedder.Dimensions);
        for (var i = 0; i < texts.Length; i++)
        {
            shard.Put(ShardRecords.Record($"k{i}", i + 1, texts[i], vector: VectorOf(texts[i])));
        }

        return shard.Search(new ShardQuery { Text = query, Vector = VectorOf(query), Fold = true, Now = ShardRecords.Now }, default);
    }

    private static float[] VectorOf(string text)
    {
        var vector = new float[HashedEmbedder.Dimensions];
        HashedEmbedder.Embed(text, vector);
        return vector;
    }

    /// <summary>Hits of a search that finds all texts; in JSON they are string values.</summary>
    private static int CountOf(ContentKind kind, params string[] texts)
    {
        using var shard = ShardRecords.Shard(0);
        for (var i = 0; i < texts.Length; i++)
        {
            var content = kind == ContentKind.Text ? texts[i] : $$"""{"n":-5,"said":["so",{{JsonSerializer.Serialize(texts[i])}}]}""";
            shard.Put(ShardRecords.Record($"k{i}", i + 1, content, tags: "all") with { Kind = kind });
        }

        return shard.Search(new ShardQuery { Text = "all", Mode = SearchMode.Lexical, Fold = true, Now = ShardRecords.Now }, default).Hits.Count;
    }
}
