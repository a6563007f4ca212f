using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Sophia.Gpu.Text;

/// <summary>
/// A hash of the symbols of a text, which are of no word and yet say something: −5 is not 5, $5 not €5, 👍 not 👎.
/// <list type="bullet">
/// <item>Symbols are those of Unicode (mathematics, currencies, emoji; categories S), but for ` and ´, which quote; numbers that are of no
/// word (½, ²); signs of per cent and per mille; and what Unicode has not named yet: emoji newer than the runtime.</item>
/// <item>A hyphen or dash is one directly before a number, also with a currency or a point between them (-$.5). The minus sign always
/// is, and all of them are the same symbol.</item>
/// <item>Each counts with its place among the letters: "-5 to 10" is not "5 to -10".</item>
/// </list>
/// Case, white space and punctuation change nothing. Most texts have no symbol: they cost one look at their characters, many at once.
/// </summary>
internal struct SymbolHash
{
    private const char Minus = '\u2212';
    private static readonly SearchValues<char> Plain = SearchValues.Create(PlainAscii());
    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create(Encoding.ASCII.GetBytes(PlainAscii()));

    /// <summary>The same on every machine; 0 without symbols.</summary>
    public ulong Value { get; private set; }

    /// <summary>False where a text certainly has no symbols.</summary>
    public static bool MayBeIn(ReadOnlySpan<byte> utf8) => utf8.ContainsAnyExcept(PlainBytes);

    /// <param name="text">The text, or the next one of several.</param>
    /// <param name="wordsBefore">Words of the texts before it.</param>
    public void Add(ReadOnlySpan<char> text, int wordsBefore = 0)
    {
        var (letters, counted) = (0, 0);
        for (var at = 0; at < text.Length;)
        {
            if (char.IsAscii(text[at]))
            {
                var plain = text[at..].IndexOfAnyExcept(Plain);
                if (plain < 0)
                {
                    return;
                }

                at += plain;
            }

            var symbol = SymbolAt(text, at, out var length);
            if (symbol != 0)
            {
                letters += at == counted ? 0 : LettersIn(text[counted..at]);
                counted = at;
                Value = Mix(Value, letters, symbol, wordsBefore);
            }

            at += length;
        }
    }

    internal static ulong Mix(ulong hash, int letters, int symbol, int wordsBefore = 0)
    {
        var placed = ((ulong)wordsBefore << 42) ^ ((ulong)letters << 21) ^ (uint)symbol;
        return TermHash.Then(hash, placed);
    }

    // ASCII but for its symbols and what may be one.
    private static string PlainAscii() => string.Concat(Enumerable.Range(0, 128).Select(static c => (char)c).Where(static c => !"$%+-<=>^|~".Contains(c)));

    /// <returns>The symbol that stands here; 0 if none does.</returns>
    private static int SymbolAt(ReadOnlySpan<char> text, int at, out int length)
    {
        length = 1;
        var c = text[at];
        if (char.IsAscii(c))
        {
            return c != '-' ? c : StandsBeforeNumber(text[(at + 1)..]) ? Minus : 0;
        }

        if (char.IsLetter(c))
        {
            return 0;
        }

        Rune.DecodeFromUtf16(text[at..], out var rune, out length);
        return rune.Value switch
        {
            '\u00b4' => 0,
            '\u2030' or '\u2031' or '\u066a' or '\uff05' => rune.Value,
            _ => Rune.GetUnicodeCategory(rune) switch
            {
                UnicodeCategory.DashPunctuation => StandsBeforeNumber(text[(at + length)..]) ? Minus : 0,
                UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol or
                    UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.OtherNotAssigned => Rune.ToUpperInvariant(rune).Value,
                _ => 0,
            },
        };
    }

    private static bool StandsBeforeNumber(ReadOnlySpan<char> rest)
    {
        // Nearly always a letter, a space, another hyphen or a digit comes next.
        if (rest is [var next, ..] && char.IsAscii(next) && next is not ('$' or '.' or ','))
        {
            return char.IsAsciiDigit(next);
        }

        rest = rest is [var currency, ..] && char.GetUnicodeCategory(currency) == UnicodeCategory.CurrencySymbol ? rest[1..] : rest;
        rest = rest is ['.' or ',', ..] ? rest[1..] : rest;
        return Rune.DecodeFromUtf16(rest, out var first, out _) == OperationStatus.Done && Rune.IsNumber(first);
    }

    // Letters and digits of any alphabet; the bulk of a text is counted many at once.
    private static int LettersIn(ReadOnlySpan<char> text)
    {
        var letters = 0;
        var block = new AsciiBlock();
        for (; text.Length >= AsciiBlock.Length; text = text[AsciiBlock.Length..])
        {
            block.Load(text);
            if (block.Others != 0)
            {
                break;
            }

            letters += BitOperations.PopCount(block.Words);
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && Rune.DecodeFromUtf16(text[i..], out var rune, out var length) == OperationStatus.Done)
            {
                letters += Rune.IsLetterOrDigit(rune) ? 1 : 0;
                i += length - 1;
            }
            else
            {
                letters += char.IsLetterOrDigit(text[i]) ? 1 : 0;
            }
        }

        return letters;
    }
}
