using System.Buffers;
using System.Text;

namespace Sophia.Gpu.Text;

/// <summary>
/// Letters of the Latin script without their marks: é, è and ê are compared as e, œ as oe, ß as ss. It has its own tables
/// (Unicode, Latin-1 and Latin Extended-A), since the runtime has none where it runs without a library of cultures.
/// </summary>
internal static class Accents
{
    private const string Marked = "àáâãäåçèéêëìíîïñòóôõöøùúûüýÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĵķĺļľłńņňōŏőŕŗřśŝşšţťũūŭůűųŵŷźżžșț";
    private const string Bare = "aaaaaaceeeeiiiinoooooouuuuyyaaaccccddeeeeegggghhiiiijkllllnnnooorrrssssttuuuuuuwyzzzst";

    // A letter, the mark that may follow it as a character of its own, and what both are in one.
    private const string Pairs =
        "a\u0300àa\u0301áa\u0302âa\u0303ãa\u0308äc\u0327çe\u0300èe\u0301ée\u0302êe\u0308ëi\u0300ìi\u0301íi\u0302îi\u0308ïn\u0303ñ" +
        "o\u0300òo\u0301óo\u0302ôo\u0303õo\u0308öu\u0300ùu\u0301úu\u0302ûu\u0308üy\u0301ýy\u0308ÿ";

    private static readonly SearchValues<char> Ascii = SearchValues.Create([.. Enumerable.Range(0, 128).Select(static c => (char)c)]);

    /// <param name="kept">Letters that keep their mark.</param>
    public static string Fold(string word, string kept = "")
    {
        if (!word.AsSpan().ContainsAnyExcept(Ascii))
        {
            return word;
        }

        var folded = new StringBuilder(word.Length + 2);
        foreach (var letter in word)
        {
            if (letter < 128 || kept.Contains(letter, StringComparison.Ordinal))
            {
                folded.Append(letter);
            }
            else if (letter is 'œ' or 'æ' or 'ß')
            {
                folded.Append(letter switch { 'œ' => "oe", 'æ' => "ae", _ => "ss" });
            }
            else if (!IsMark(letter))
            {
                var place = Marked.IndexOf(letter, StringComparison.Ordinal);
                folded.Append(place < 0 ? letter : Bare[place]);
            }
        }

        return folded.Length == 0 ? word : folded.ToString();
    }

    /// <summary>Letter and mark as one character where there is one: what keyboards write and the stemmers know.</summary>
    public static string Compose(string word)
    {
        if (!word.AsSpan().ContainsAnyInRange('\u0300', '\u036f'))
        {
            return word;
        }

        var composed = new StringBuilder(word.Length);
        foreach (var letter in word)
        {
            var place = IsMark(letter) && composed.Length > 0 ? PlaceOf(composed[^1], letter) : -1;
            if (place < 0)
            {
                composed.Append(letter);
            }
            else
            {
                composed[^1] = Pairs[place + 2];
            }
        }

        return composed.ToString();
    }

    private static bool IsMark(char letter) => letter is >= '\u0300' and <= '\u036f';

    private static int PlaceOf(char letter, char mark)
    {
        for (var i = 0; i < Pairs.Length; i += 3)
        {
            if (Pairs[i] == letter && Pairs[i + 1] == mark)
            {
                return i;
            }
        }

        return -1;
    }
}
