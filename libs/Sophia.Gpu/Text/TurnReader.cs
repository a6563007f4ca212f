using System.Buffers;
using System.Text;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Text;

/// <summary>
/// Reads what a turn of a conversation does (<see cref="TurnTraits"/>), and what kind of answer a question wants, from a language's
/// few words for it (<see cref="TurnWords"/>). Where the language is not known, only that a turn asks.
/// </summary>
internal static class TurnReader
{
    /// <summary>UTF-16 units whose words count.</summary>
    private const int MostRead = 8192;

    /// <summary>Within the first so many words of a query one alone may say what is asked for: "And when …".</summary>
    private const int FirstWords = 2;

    private static readonly SearchValues<char> Ends = SearchValues.Create(".!?…。！？؟");

    /// <param name="utf8">What was said, without the name of who said it.</param>
    public static TurnTraits TraitsOf(ReadOnlySpan<byte> utf8, TextAnalyzer analyzer)
    {
        var chars = ArrayPool<char>.Shared.Rent(utf8.Length);
        try
        {
            var text = (ReadOnlySpan<char>)chars.AsSpan(0, Encoding.UTF8.GetChars(utf8, chars));
            return (Asks(text) ? TurnTraits.Asks : TurnTraits.None) |
                (analyzer.TurnWords is { } words ? TraitsOf(text[..Math.Min(text.Length, MostRead)], words, analyzer.Elides) : TurnTraits.None);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    /// <summary>Among the marks at its end is a question mark; what has no letters, such as a picture, may follow.</summary>
    private static bool Asks(ReadOnlySpan<char> text)
    {
        var last = text.LastIndexOfAny(Ends);
        if (last < 0 || HasLetters(text[(last + 1)..]))
        {
            return false;
        }

        var marks = text[(text[..last].LastIndexOfAnyExcept(Ends) + 1)..(last + 1)];
        return marks.IndexOfAny('?', '？', '؟') >= 0;
    }

    private static bool HasLetters(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c))
            {
                return true;
            }
        }

        return false;
    }

    private static TurnTraits TraitsOf(ReadOnlySpan<char> text, TurnWords words, bool elides)
    {
        Span<char> buffer = stackalloc char[WordReader.MaxLength];
        var traits = TurnTraits.None;
        var (isBehindAuxiliary, isBeforePlace, end) = (false, false, 0);
        for (var reader = new WordReader(text, buffer, elides: elides); reader.Next(out var read);)
        {
            var word = WithoutContraction(Composed(read), text[reader.Start..reader.End], elides);
            var isCapital = char.IsUpper(text[reader.Start]);
            var own = words.TraitsOf(word, isCapital, isBehindAuxiliary);

            // A word behind a comma or a full stop is no longer of what stands before: where are you from? I'm fine.
            isBeforePlace &= reader.Start >= end && text[end..reader.Start].IsWhiteSpace();
            traits |= TurnTraits.Tells | own;
            if (isBeforePlace && isCapital && (own & (TurnTraits.NamesTime | TurnTraits.OfSelf)) == 0)
            {
                traits |= TurnTraits.NamesPlace;
            }

            isBeforePlace = words.StandsBeforePlaces(word) || (isBeforePlace && words.IsArticle(word));
            isBehindAuxiliary |= words.IsAuxiliary(word);
            end = reader.End;
        }

        return traits;
    }

    /// <summary>What a turn has that answers: a time, a number, a place; nothing where the query asks for none of these.</summary>
    /// <param name="wantsQuestions">The query is after what was asked.</param>
    public static TurnTraits AskedFor(string query, TextAnalyzer analyzer, out bool wantsQuestions)
    {
        wantsQuestions = false;
        if (analyzer.TurnWords is not { } words)
        {
            return TurnTraits.None;
        }

        Span<char> buffer = stackalloc char[WordReader.MaxLength];
        var (asked, before, count) = (TurnTraits.None, "", 0);
        for (var reader = new WordReader(query, buffer, elides: analyzer.Elides); reader.Next(out var read); count++)
        {
            var word = Accents.Compose(read.ToString());
            asked |= (count < FirstWords ? words.AskedBy(word) : TurnTraits.None) | words.AskedBy($"{before}_{word}");
            wantsQuestions |= words.SpeaksOfAsking(word);
            before = word;
        }

        return asked;
    }

    /// <summary>We're is no were, and I'll not ill: the word reader drops the apostrophe.</summary>
    private static ReadOnlySpan<char> WithoutContraction(ReadOnlySpan<char> word, ReadOnlySpan<char> written, bool elides) =>
        !elides && written.IndexOfAny('\'', '’') is (1 or 2) and var at && word.Length > at ? word[..at] : word;

    private static ReadOnlySpan<char> Composed(ReadOnlySpan<char> word) =>
        word.ContainsAnyInRange('\u0300', '\u036f') ? Accents.Compose(word.ToString()) : word;
}
