using Sophia.Gpu.Models;

namespace Sophia.Tests.Models;

/// <summary>The tokenizers beside WordPiece: SentencePiece, as its file counts and as fairseq's models do, and byte-level BPE.</summary>
public sealed class TokenizerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sophia-tokens-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Pieces(string name)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllBytes(path, TinyPieces.Model("\u2581the", "\u2581cat", "\u2581play", "ing", "\u2581"));
        return path;
    }

    private ModelOptions Bpe()
    {
        var options = new ModelOptions { Tokenizer = Path.Combine(_directory, "vocab.json"), Merges = Path.Combine(_directory, "merges.txt") };
        File.WriteAllText(options.Tokenizer, """
            {"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"t":4,"h":5,"e":6,"th":7,"the":8,"\u0120":9,"\u0120c":10,"a":11,"\u0120ca":12,"\u0120cat":13,"c":14,"\u00c3":15,"\u00a9":16}
            """);
        File.WriteAllText(options.Merges, "#version: 0.2\nt h\nth e\n\u0120 c\n\u0120c a\n\u0120ca t\n");
        return options;
    }

    [Fact]
    public void Pieces_have_the_numbers_of_their_file_between_its_own_marks()
    {
        var tokens = TextTokens.Load(new ModelOptions { Tokenizer = Pieces("tokenizer.model") });

        Assert.Equal([1, 3, 4, 2], tokens.Encode("the cat"));
        Assert.Equal([1, 5, 6, 2], tokens.Encode("playing"));
    }

    [Theory]
    [InlineData("sentencepiece.bpe.model", null)]
    [InlineData("tokenizer.model", PieceIds.Fairseq)]
    public void Models_of_fairseq_count_each_piece_one_higher_and_have_their_own_marks(string file, PieceIds? ids)
    {
        var tokens = TextTokens.Load(new ModelOptions { Tokenizer = Pieces(file), PieceIds = ids });

        Assert.Equal([0, 4, 5, 2], tokens.Encode("the cat"));
        Assert.Equal(1, tokens.Padding);
        // A piece that the file does not have is <unk>, which is 0 in the file and 3 with fairseq.
        Assert.Equal(3, tokens.Encode("\u4e2d")[^2]);
    }

    [Fact]
    public void What_is_configured_stands_above_the_name_of_the_file() => Assert.Equal(
        [1, 3, 4, 2], TextTokens.Load(new ModelOptions { Tokenizer = Pieces("sentencepiece.bpe.model"), PieceIds = PieceIds.File }).Encode("the cat"));

    [Fact]
    public void Bytes_are_merged_in_the_order_of_the_merges_and_a_space_belongs_to_the_word_after_it()
    {
        var tokens = TextTokens.Load(Bpe());

        Assert.Equal([0, 8, 13, 2], tokens.Encode("the cat"));
        Assert.Equal([0, 14, 11, 4, 8, 2], tokens.Encode("catthe"));
        Assert.Equal([0, 15, 16, 2], tokens.Encode("\u00e9"));
        Assert.Equal(1, tokens.Padding);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_text_longer_than_the_model_sees_is_cut_and_keeps_both_marks(bool pieces)
    {
        var options = pieces ? new ModelOptions { Tokenizer = Pieces("sentencepiece.bpe.model") } : Bpe();
        var ids = TextTokens.Load(options with { MaxTokens = 8 }).Encode("the" + string.Concat(Enumerable.Repeat(" cat", 50)));

        Assert.Equal(8, ids.Count);
        Assert.Equal([0, 2], [ids[0], ids[^1]]);
    }

    [Fact]
    public void Files_that_are_no_tokenizers_are_refused_with_what_is_wrong()
    {
        var broken = Path.Combine(_directory, "broken.model");
        File.WriteAllText(broken, "no model at all");
        AssertRefused(new ModelOptions { Tokenizer = broken }, "cannot be read");
        AssertRefused(Bpe() with { Merges = null }, "set Merges");
        var bpe = Bpe();
        File.WriteAllText(bpe.Tokenizer!, "[1,2]");
        AssertRefused(bpe, "cannot be read");
    }

    private static void AssertRefused(ModelOptions options, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => TextTokens.Load(options)).Message, StringComparison.Ordinal);
}
