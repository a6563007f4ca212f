using Sophia.Gpu.Text;

namespace Sophia.Tests.Gpu;

public class WordReaderTests
{
    [Theory]
    [InlineData("Hello, World!", "hello world")]
    [InlineData("foo_bar", "foo_bar foo bar")]
    [InlineData("__init__", "init")]
    [InlineData("a v1.2.3 release.", "a v1.2.3 v1 2 3 release")]
    [InlineData("The end. Next", "the end next")]
    [InlineData("don't Ada's Ada’s dogs'", "dont ada ada dogs")]
    [InlineData("Ärger in Łódź", "ärger in łódź")]
    [InlineData("東京tower", "東 京 tower")]
    [InlineData("x\ud83d\ude00y", "x y")]
    [InlineData("\ud835\udc9c math", "\ud835\udc9c math")]
    [InlineData("lone \ud800 half", "lone half")]
    [InlineData("", "")]
    [InlineData("...", "")]
    public void Text_falls_into_words(string text, string words) => Assert.Equal(words, string.Join(' ', Read(text)));

    [Fact]
    public void Of_a_very_long_word_the_beginning_counts() =>
        Assert.Equal([new string('a', WordReader.MaxLength), "b"], Read(new string('A', 1_000_000) + " b"));

    [Fact]
    public void Any_text_can_be_read() => CsCheck.Check.Sample(
        CsCheck.Gen.String[CsCheck.Gen.OneOf(CsCheck.Gen.Char, ShardRecords.AnyOf("_.'’ aB1\ud83d\ude00東".ToCharArray())), 0, 200],
        text => Assert.All(Read(text), word => Assert.InRange(word.Length, 1, WordReader.MaxLength)));

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
