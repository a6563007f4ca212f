using System.Text;
using System.Text.Json;
using CsCheck;
using Sophia.Gpu.Text;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

public class HighlighterTests
{
    [Theory]
    [InlineData("en", "The rivers of Ada's land, walking.", "river|ada|walk", "rivers|Ada|walking")]
    [InlineData("en", "Write to Ada@Example.org about C++ (v1.2)", "ada@example.org|c++|v1.2|c", "Ada@Example.org|C++|v1.2")]
    [InlineData("en", "😀 don’t stop 東京", "dont|東", "don’t|東")]
    [InlineData("en", "Met O'Brien and O’Reilly's sister", "brien|reilli", "Brien|Reilly")]
    [InlineData("en", "said “C++” • #123", "c++|#123", "C++|#123")]
    [InlineData("en", "see re\u0301sume\u0301.pdf now", "résumé.pdf", "re\u0301sume\u0301.pdf")]
    [InlineData("de", "Die Häuser am Fluß", "haus|fluss", "Häuser|Fluß")]
    [InlineData("fr", "l'élève répète", "elev", "élève")]
    [InlineData("en", "nothing here", "else", "")]
    public void Words_are_marked_where_their_stems_match(string language, string content, string terms, string marked)
    {
        var highlights = Highlighter.Highlight(ShardRecords.Record("k", 1, content), TextAnalyzer.For(language), terms.Split('|'));

        Assert.Equal(marked, string.Join('|', highlights.SelectMany(Marked)));
    }

    [Fact]
    public void A_passage_is_a_piece_of_the_content_and_its_ranges_are_words_of_the_terms() => Gen.Select(
        Gen.String[ShardRecords.AnyOf("ab  .\n'@é".ToCharArray()), 0, 1500], Gen.String[Gen.Char, 0, 600]).Sample((plain, any) =>
    {
        var content = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(plain + " needles " + any + " hay " + plain));
        var highlights = Highlighter.Highlight(ShardRecords.Record("k", 1, content), TextAnalyzer.English, ["needl", "hay", "ab"]);

        Assert.InRange(highlights.Count, 1, Highlighter.MostPassages);
        foreach (var (text, ranges) in highlights)
        {
            Assert.Contains(text, content, StringComparison.Ordinal);
            Assert.InRange(text.Length, 1, Highlighter.PassageLength);
            Assert.NotEmpty(ranges);
            var end = 0;
            foreach (var range in ranges)
            {
                Assert.True(range.Start >= end && range.Length >= 1);
                end = range.Start + range.Length;
                var words = new List<Word>();
                TextAnalyzer.English.Analyze(text.AsSpan(range.Start, range.Length), words);
                Assert.Contains(words, word => word.Term is "needl" or "hay" or "ab");
            }

            Assert.True(end <= text.Length);
        }
    });

    [Fact]
    public void The_passage_with_most_terms_comes_first_and_others_must_add_one()
    {
        var filler = string.Concat(Enumerable.Repeat("filler words go on and on ", 30));
        var highlights = Highlighter.Highlight(
            ShardRecords.Record("k", 1, $"one {filler} two three {filler} one {filler} four"), TextAnalyzer.English, ["one", "two", "three", "four"]);

        Assert.Equal(["two|three", "one", "four"], highlights.Select(highlight => string.Join('|', Marked(highlight))));
    }

    [Fact]
    public void The_first_262144_characters_of_a_content_are_looked_at_however_many_bytes_they_have()
    {
        var before = string.Concat(Enumerable.Repeat("東é ", 50_000));

        Assert.Single(Highlighter.Highlight(ShardRecords.Record("k", 1, before + "needle"), TextAnalyzer.English, ["needl"]));
        Assert.Empty(Highlighter.Highlight(ShardRecords.Record("k", 1, before + before + "needle"), TextAnalyzer.English, ["needl"]));
    }

    [Fact]
    public void Of_a_word_longer_than_a_passage_the_beginning_is_marked()
    {
        var word = new string('a', 1_000);

        var highlight = Assert.Single(Highlighter.Highlight(ShardRecords.Record("k", 1, $"see {word} there"), TextAnalyzer.English, [word[..WordReader.MaxLength]]));

        Assert.Equal(new string('a', Highlighter.PassageLength), highlight.Text);
        Assert.Equal([highlight.Text], Marked(highlight));
    }

    [Fact]
    public void In_json_the_strings_are_looked_at_and_markup_stays_text()
    {
        var record = ShardRecords.Record("k", 1, JsonSerializer.Serialize(new { title = "<b>Rivers</b> & \"stones\"", needle = "x", n = 5 })) with
        {
            ContentType = "application/json", Kind = ContentKind.Json,
        };

        var highlight = Assert.Single(Highlighter.Highlight(record, TextAnalyzer.English, ["river", "stone", "needl"]));

        Assert.Equal("<b>Rivers</b> & \"stones\"", highlight.Text);
        Assert.Equal(["Rivers", "stones"], Marked(highlight));
    }

    private static IEnumerable<string> Marked(Highlight highlight) =>
        highlight.Ranges.Select(range => highlight.Text.Substring(range.Start, range.Length));
}
