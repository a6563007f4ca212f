using System.Text;
using CsCheck;
using Sophia.Cli.Import;

namespace Sophia.Tests.Cli;

public sealed class TextSplitterTests
{
    private static readonly Gen<string> s_text = Gen.OneOf(
            "word", "a", "naïve", "日本語。", "👩‍👩‍👧", "e\u0301", "𝒳", "end.", " ", "  ", "\n", "\n\n", "\r\n", "\r\n\r\n", "\t", "# Head\n", "\n## Sub\n", "\n```\n", "~~~\n", "\nTitle\n===\n", "# ")
        .Array[0, 400].Select(string.Concat);

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Every_word_is_in_exactly_one_chunk_in_order_and_no_chunk_is_too_long() =>
        Gen.Select(s_text, Gen.Int[40, 200], Gen.Bool).Sample((text, most, isMarkdown) =>
        {
            var chunks = new TextSplitter(most).Split(text, isMarkdown);
            Assert.All(chunks, c => Assert.InRange(c.Text.Length, 1, most));
            Assert.All(chunks, c => Assert.Equal(c.Text.Length, new UTF8Encoding(false, true).GetString(new UTF8Encoding(false, true).GetBytes(c.Text)).Length));
            Assert.Equal(string.Concat(Words(text)), string.Concat(chunks.SelectMany(c => Words(c.Text))));
            if (Words(text).All(w => w.Length <= most / 2) && !text.Contains('。')) Assert.Equal(Words(text), chunks.SelectMany(c => Words(c.Text)));
        }, iter: 2000);

    [Fact]
    public void Headings_begin_chunks_and_name_them_with_those_above()
    {
        var chunks = new TextSplitter().Split("intro\n\n# A\n\n## B ##\ntext b\n\nC\n---\ntext c\n# D\ntext d", isMarkdown: true);
        Assert.Equal(
            [("intro", null), ("# A\n\n## B ##\ntext b", "A > B"), ("C\n---\ntext c", "A > C"), ("# D\ntext d", "D")],
            chunks.Select(c => (c.Text, c.Heading)));
    }

    [Theory]
    [InlineData("```sh\n# not a heading\nls\n```\n")]
    [InlineData("~~~~\n# not a heading\n~~~\n# nor this\n~~~~\n")]
    [InlineData("    # code by its indent\n")]
    [InlineData("#hashtag\n")]
    public void What_only_looks_like_a_heading_splits_nothing(string code)
    {
        var chunk = Assert.Single(new TextSplitter().Split($"# Real\n\n{code}\nafter", isMarkdown: true));
        Assert.Equal("Real", chunk.Heading);
    }

    [Fact]
    public void Plain_text_has_no_headings()
    {
        var chunk = Assert.Single(new TextSplitter().Split("# one\n\n# two", isMarkdown: false));
        Assert.Null(chunk.Heading);
    }

    [Fact]
    public void Windows_line_ends_split_as_others_do()
    {
        const string Text = "# A\n\npara one\n\n# B\npara two\n";
        Assert.Equal(new TextSplitter().Split(Text, true), new TextSplitter().Split(Text.Replace("\n", "\r\n", StringComparison.Ordinal), true));
    }

    [Fact]
    public void A_huge_paragraph_is_cut_at_sentences_and_a_heading_stays_with_its_beginning()
    {
        var text = "# Title\n\n" + string.Concat(Enumerable.Range(0, 500).Select(i => $"This is sentence number {i}. "));
        var chunks = new TextSplitter().Split(text, isMarkdown: true);
        Assert.InRange(chunks.Count, 12, 25);
        Assert.StartsWith("# Title\n\nThis is sentence number 0.", chunks[0].Text, StringComparison.Ordinal);
        Assert.All(chunks, c => Assert.EndsWith(".", c.Text, StringComparison.Ordinal));
        Assert.All(chunks, c => Assert.Equal("Title", c.Heading));
    }

    [Fact]
    public void A_word_longer_than_a_chunk_is_never_cut_within_a_character()
    {
        var text = "x" + string.Concat(Enumerable.Repeat("👩‍👩‍👧", 300));
        var chunks = new TextSplitter(100).Split(text, isMarkdown: false);
        Assert.Equal(text, string.Concat(chunks.Select(c => c.Text)));
        Assert.All(chunks, c => Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(c.Text))));
        Assert.All(chunks, c => Assert.NotEqual('\u200d', c.Text[0]));
    }

    [Fact]
    public void Real_documents_of_the_repository_are_split_whole()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Sophia.sln"))) folder = Path.GetDirectoryName(folder);
        Assert.NotNull(folder);
        var text = File.ReadAllText(Path.Combine(folder, "docs", "api.md"));
        var chunks = new TextSplitter().Split(text, isMarkdown: true);
        Assert.Equal(Words(text), chunks.SelectMany(c => Words(c.Text)));
        Assert.Contains(chunks, c => c.Heading == "HTTP API v1 > Search");
        Assert.All(chunks, c => Assert.InRange(c.Text.Length, 1, TextSplitter.DefaultMaxCharacters));
    }
}
