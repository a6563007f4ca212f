using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Sophia.Gpu.Text;

namespace Sophia.Tests.Gpu;

/// <summary>What counts in a text beside its words, and where.</summary>
public sealed class SymbolHashTests
{
    [Theory]
    [InlineData("\ud83d", true)]
    [InlineData("-", false)]
    [InlineData("-$", true)]
    [InlineData("- 5 well-known, `so` it´s.", false)]
    [InlineData("\udc4d -", true)]
    [InlineData("a -\ud835", true)]
    [InlineData("\ufe0f\u200d", false)]
    [InlineData("<\ud83d\udc4d\ud83c", true)]
    [InlineData("Ünïcödé “quoted” — 日本語、カナ。 Ответ", false)]
    public void Halves_of_characters_and_signs_at_the_end_are_read(string text, bool hasSymbols)
    {
        var symbols = default(SymbolHash);
        symbols.Add(text);

        Assert.Equal(hasSymbols, symbols.Value != 0);
        Assert.True(!hasSymbols || SymbolHash.MayBeIn(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void A_text_behind_others_differs_from_the_same_before_them()
    {
        var (first, second) = (default(SymbolHash), default(SymbolHash));
        first.Add("$5");
        first.Add("5", 1);
        second.Add("5");
        second.Add("$5", 1);

        Assert.NotEqual(first.Value, second.Value);
    }

    [Fact]
    public void Symbols_are_known_by_themselves_and_by_the_letters_before_them() =>
        Gen.Char["aZé9 ,.-$+`€’дウ²\ud83d\udc4d"].Array[0, 80].Select(Gen.Int[0, 150], static (chars, run) => (char[])[.. new string('a', run), .. chars]).Sample(chars =>
        {
            var text = new string(chars);
            var symbols = default(SymbolHash);
            symbols.Add(text);

            var expected = 0UL;
            var letters = 0;
            for (var i = 0; i < text.Length; i++)
            {
                Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length);
                letters += Rune.IsLetterOrDigit(rune) ? 1 : 0;
                var isSign = "$+€²👍".Contains(rune.ToString(), StringComparison.Ordinal) || rune.Value == 0xFFFD ||
                    (rune.Value == '-' && Regex.IsMatch(text[(i + 1)..], @"^[$€]?[.,]?[9²]", RegexOptions.CultureInvariant));
                expected = isSign ? SymbolHash.Mix(expected, letters, rune.Value == '-' ? '\u2212' : rune.Value) : expected;
                i += length - 1;
            }

            Assert.Equal(expected, symbols.Value);
        });
}
