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
            var end = text.LastIndexOfAny(Ends);
            var asks = end >= 0 && text[end] is '?' or '？' or '؟' ? TurnTraits.Asks : TurnTraits.None;
            return asks | (analyzer.TurnWords is { } words ? TraitsOf(text[..Math.Min(text.Length, MostRead)], words, analyzer.Elides) : TurnTraits.None);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    private static TurnTraits TraitsOf(ReadOnlySpan<char> text, TurnWords words, bool elides)
    {
        Span<char> buffer = stackalloc char[WordReader.MaxLength];
        var (traits, isBeforePlace) = (TurnTraits.None, false);
        for (var reader = new WordReader(text, buffer, elides: elides); reader.Next(out var word);)
        {
            if (word.IsEmpty)
            {
                continue;
            }

            traits |= words.TraitsOf(word);
            if (isBeforePlace && char.IsUpper(text[reader.Start]))
            {
                traits |= TurnTraits.NamesPlace;
            }

            isBeforePlace = words.StandsBeforePlaces(word) || (isBeforePlace && words.IsArticle(word));
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
            var word = read.ToString();
            asked |= (count < FirstWords ? words.AskedBy(word) : TurnTraits.None) | words.AskedBy($"{before}_{word}");
            wantsQuestions |= words.SpeaksOfAsking(word);
            before = word;
        }

        return asked;
    }
}
