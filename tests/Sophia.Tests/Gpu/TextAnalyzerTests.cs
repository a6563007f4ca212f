using CsCheck;
using Sophia.Gpu.Text;

namespace Sophia.Tests.Gpu;

public class TextAnalyzerTests
{
    [Fact]
    public void The_analyzer_finds_the_words_that_the_reader_defines_whatever_the_text() => Gen.OneOf(
        Gen.String[ShardRecords.AnyOf("abcXYZ019 ._'’-/@#+äÉß東あ\u0301\ud83d\ude00\ud835\udc9c\n\0".ToCharArray()), 0, 300],
        Gen.String[ShardRecords.AnyOf("ab Z9 .'_#+@".ToCharArray()), 0, 300],
        Gen.String[Gen.Char, 0, 300]).Sample(
        text =>
        {
            var words = new List<Word>();
            TextAnalyzer.English.Analyze(text, words);

            Assert.Equal(Read(text), words.Where(word => !word.IsName).Select(word => word.Raw));
        },
        iter: 20_000);

    [Theory]
    [InlineData("my-app.example.com")]
    [InlineData("ada-may@my-site.example.com read-me.md")]
    [InlineData("C++ #123 O’Brien v1.2")]
    public void The_order_of_words_behind_a_character_of_no_word_is_that_behind_a_space(string text)
    {
        foreach (var opening in (string[])["“", "– ", "• ", "\u00a0", "😀 "])
        {
            Assert.Equal(Raw(" " + text), Raw(opening + text));
        }
    }

    [Theory]
    [InlineData(47)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(200)]
    public void Words_that_cross_the_end_of_a_block_are_whole(int spaces)
    {
        for (var length = 1; length <= 70; length++)
        {
            var text = new string(' ', spaces) + new string('a', length) + " end.";
            var words = new List<Word>();
            TextAnalyzer.Plain.Analyze(text, words);

            Assert.Equal([new string('a', Math.Min(length, WordReader.MaxLength)), "end"], words.Select(word => word.Raw));
        }
    }

    [Fact]
    public void A_packed_word_unpacks_to_itself() => Gen.String[Gen.Char['\u0001', '\u007f'], 1, PackedWord.MaxLength].Sample(word =>
    {
        Span<char> buffer = stackalloc char[PackedWord.MaxLength];
        Assert.True(PackedWord.TryPack(word, out var packed));
        Assert.Equal(word, buffer[..packed.Unpack(buffer)].ToString());
    });

    [Theory]
    [InlineData("")]
    [InlineData("straße")]
    [InlineData("seventeenletters!")]
    public void Other_words_are_not_packed(string word) => Assert.False(PackedWord.TryPack(word, out _));

    private static IEnumerable<string> Raw(string text)
    {
        var words = new List<Word>();
        TextAnalyzer.English.Analyze(text, words);
        return words.Select(word => word.Raw);
    }

    private static List<string> Read(string text)
    {
        var words = new List<string>();
        Span<char> buffer = stackalloc char[WordReader.MaxLength];
        var reader = new WordReader(text, buffer);
        while (reader.Next(out var word))
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
