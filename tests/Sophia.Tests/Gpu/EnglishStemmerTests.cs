using Sophia.Gpu.Text;

namespace Sophia.Tests.Gpu;

public class EnglishStemmerTests
{
    [Theory]
    [InlineData("consign", "consign")]
    [InlineData("consigned", "consign")]
    [InlineData("consistency", "consist")]
    [InlineData("consolation", "consol")]
    [InlineData("consolingly", "consol")]
    [InlineData("knackeries", "knackeri")]
    [InlineData("knightly", "knight")]
    [InlineData("knives", "knive")]
    [InlineData("caresses", "caress")]
    [InlineData("ties", "tie")]
    [InlineData("cries", "cri")]
    [InlineData("gas", "gas")]
    [InlineData("gaps", "gap")]
    [InlineData("kiwis", "kiwi")]
    [InlineData("agreed", "agre")]
    [InlineData("succeed", "succeed")]
    [InlineData("proceeds", "proceed")]
    [InlineData("hopping", "hop")]
    [InlineData("hoping", "hope")]
    [InlineData("luxuriating", "luxuri")]
    [InlineData("egging", "egg")]
    [InlineData("adding", "add")]
    [InlineData("dying", "die")]
    [InlineData("evening", "evening")]
    [InlineData("say", "say")]
    [InlineData("by", "by")]
    [InlineData("cry", "cri")]
    [InlineData("generous", "generous")]
    [InlineData("generously", "generous")]
    [InlineData("communism", "communism")]
    [InlineData("universe", "univers")]
    [InlineData("university", "universiti")]
    [InlineData("relational", "relat")]
    [InlineData("conditional", "condit")]
    [InlineData("rational", "ration")]
    [InlineData("vietnamization", "vietnam")]
    [InlineData("operator", "oper")]
    [InlineData("geologist", "geolog")]
    [InlineData("hopefulness", "hope")]
    [InlineData("electrical", "electr")]
    [InlineData("replacement", "replac")]
    [InlineData("adoption", "adopt")]
    [InlineData("controlling", "control")]
    [InlineData("probate", "probat")]
    [InlineData("rate", "rate")]
    [InlineData("skies", "sky")]
    [InlineData("news", "news")]
    [InlineData("youth", "youth")]
    [InlineData("is", "is")]
    public void A_word_has_the_stem_that_Snowball_publishes(string word, string stem) => Assert.Equal(stem, Stem(word));

    [Fact]
    public void Any_letters_give_a_stem_that_is_not_longer_and_holds_no_capital()
    {
        CsCheck.Check.Sample(
            CsCheck.Gen.String[ShardRecords.AnyOf("aeiouybdglnrstzxé".ToCharArray()), 1, 64],
            word =>
            {
                var stem = Stem(word);
                Assert.InRange(stem.Length, 1, word.Length);
                Assert.DoesNotContain('Y', stem);
            });
    }

    private static string Stem(string word)
    {
        Span<char> buffer = stackalloc char[WordReader.MaxLength];
        word.CopyTo(buffer);
        return buffer[..EnglishStemmer.Stem(buffer, word.Length)].ToString();
    }
}
