using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Sophia.Memory.Cortex;

/// <summary>
/// The words of a prompt in which no difference is small, however alike two vectors are: numbers, names and negations. Two prompts
/// serve each other only if these are the same in the same order. Where the vectors know words and not meaning (the built-in
/// model), every word is such a word, but for articles and politeness. So is every sign but those that end or part sentences, quote, and
/// join words: a minus, a bracket, an exclamation mark before a name change what is asked. One too many costs a miss, one too few an answer
/// to another question.
/// </summary>
internal static class PromptGuard
{
    private static readonly FrozenSet<string> Small = new[]
    {
        "a", "an", "the", "please", "kindly", "can", "could", "would", "you", "tell", "me", "hi", "hello", "hey", "thanks", "thank",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Negations = new[]
    {
        "no", "not", "never", "none", "nor", "neither", "without", "except", "cannot", "nicht", "kein", "keine", "nie", "ohne", "pas", "jamais", "sans",
        "nunca", "sin", "before", "after", "more", "less", "above", "below", "min", "max", "minimum", "maximum", "first", "last",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <param name="knowsMeaning">False: every word is guarded but the small ones.</param>
    public static string Of(string text, bool knowsMeaning)
    {
        var guarded = new StringBuilder();
        var begins = true;
        for (var i = 0; i < text.Length;)
        {
            if (!IsWord(text, i))
            {
                begins |= text[i] is '.' or '!' or '?' or '\n' or ':';
                if (IsSign(text, i))
                {
                    guarded.Append(text[i]).Append(' ');
                }

                i++;
                continue;
            }

            var end = i + 1;
            while (end < text.Length && IsWord(text, end))
            {
                end++;
            }

            var word = text[i..end];
            var lower = word.ToLowerInvariant();
            if (knowsMeaning ? Counts(word, lower, begins) : !Small.Contains(lower))
            {
                guarded.Append(lower).Append(' ');
            }

            begins = false;
            i = end;
        }

        return guarded.ToString();
    }

    // A sentence's first word is written with a capital whatever it is; one of several capitals is a name there too.
    private static bool Counts(string word, string lower, bool begins) =>
        word.Any(char.IsNumber) || Negations.Contains(lower) || lower.EndsWith("n't", StringComparison.Ordinal) ||
        word.AsSpan(begins ? 1 : 0).ToString().Any(char.IsUpper);

    private static bool IsSign(string text, int i) => text[i] switch
    {
        var white when char.IsWhiteSpace(white) || char.IsControl(white) => false,
        '"' or '“' or '”' or '„' or '«' or '»' or '‘' or '’' or '\'' or '`' => false,
        '。' or '，' or '？' or '！' or '、' or '；' or '：' or '…' or '¿' or '¡' => false,
        '.' or ',' or ';' or ':' or '?' or '!' => i + 1 < text.Length && !Parts(text[i + 1]),
        '-' or '‐' or '–' or '—' => i == 0 || i + 1 == text.Length || !char.IsLetter(text[i - 1]) || !char.IsLetter(text[i + 1]),
        _ => true,
    };

    // Behind what ends a sentence: a space, another such sign, a quote or a bracket that closes.
    private static bool Parts(char next) => char.IsWhiteSpace(next) || next is '.' or ',' or ';' or ':' or '?' or '!' or '"' or '”' or '’' or '\'' or '»' or ')' or ']' or '}';

    // An apostrophe within a word, a point, comma or sign between or before digits belong to it: don't, 1.5, .5, -3.
    private static bool IsWord(string text, int i) =>
        char.IsLetterOrDigit(text[i]) || char.IsNumber(text[i]) || char.IsSurrogate(text[i]) || IsMark(text[i]) ||
        (text[i] is '\'' or '’' or '_' && i > 0 && i + 1 < text.Length && char.IsLetterOrDigit(text[i - 1]) && char.IsLetterOrDigit(text[i + 1])) ||
        (text[i] is ',' or ':' && i > 0 && i + 1 < text.Length && char.IsDigit(text[i - 1]) && char.IsDigit(text[i + 1])) ||
        (text[i] is '.' or '-' && i + 1 < text.Length && char.IsDigit(text[i + 1]));

    private static bool IsMark(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
