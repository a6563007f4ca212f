using System.Buffers;
using System.Text;

namespace Sophia.Gpu.Text;

/// <summary>
/// Letters of the Latin script without their marks: é, è and ê are compared as e, œ as oe, ß as ss. It has its own tables
/// (<see cref="Compositions"/>), since the runtime has none where it runs without a library of cultures.
/// </summary>
internal static class Accents
{
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
                folded.Append(Compositions.BareOf(letter));
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
            if (IsMark(letter) && composed.Length > 0 && Compositions.TryCompose(composed[^1], letter, out var one))
            {
                composed[^1] = one;
            }
            else
            {
                composed.Append(letter);
            }
        }

        return composed.ToString();
    }

    /// <summary>A mark that is a character of its own and belongs to the letter before it.</summary>
    public static bool IsMark(char letter) => letter is >= '\u0300' and <= '\u036f';
}
