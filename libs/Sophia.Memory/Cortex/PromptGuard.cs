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
    /// <summary>White space at the end of a prompt that is looked at; more counts as an end too.</summary>
    private const int MostEnding = 64;

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
        var quotes = default(OpenQuotes);
        for (var i = 0; i < text.Length;)
        {
            if (!IsWord(text, i))
            {
                begins |= text[i] is '.' or '!' or '?' or '\n' or ':';
                if (IsSign(text, i, ref quotes))
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

    /// <summary>Straight quotes that are open: behind a word only one that is closes; any other is a prime, feet or inches.</summary>
    private struct OpenQuotes
    {
        private bool _single;
        private bool _double;

        public bool IsSign(char quote, bool isBehindWord)
        {
            ref var open = ref quote == '"' ? ref _double : ref _single;
            if (isBehindWord && !open)
            {
                return true;
            }

            open = !open;
            return false;
        }
    }

    private static bool IsSign(string text, int i, ref OpenQuotes quotes)
    {
        var isBehindWord = i > 0 && char.IsLetterOrDigit(text[i - 1]);
        return text[i] switch
        {
            var white when char.IsWhiteSpace(white) || char.IsControl(white) => false,
            '"' or '\'' => quotes.IsSign(text[i], isBehindWord),
            '“' or '”' or '„' or '«' or '»' or '‘' or '’' or '`' => false,
            '。' or '，' or '？' or '！' or '、' or '；' or '：' or '…' or '¿' or '¡' => false,
            '!' when i > 0 && char.IsDigit(text[i - 1]) => true,
            '.' or ',' or ';' or ':' or '?' or '!' => !IsPunctuation(text, i, isBehindWord),
            '-' or '‐' or '–' or '—' => i == 0 || i + 1 == text.Length || !char.IsLetter(text[i - 1]) || !char.IsLetter(text[i + 1]),
            _ => true,
        };
    }

    // Behind a word, a quote or a bracket that closes, and before a space, a quote or a bracket that closes, or another such sign; or at the end.
    private static bool IsPunctuation(string text, int i, bool isBehindWord)
    {
        var rest = text.AsSpan(i + 1);
        return rest.IsEmpty || rest[..Math.Min(rest.Length, MostEnding)].IsWhiteSpace() ||
            ((isBehindWord || (i > 0 && (IsClosing(text[i - 1]) || IsMark(text[i - 1])))) &&
                (char.IsWhiteSpace(rest[0]) || IsClosing(rest[0]) || rest[0] is '.' or ',' or ';' or ':' or '?' or '!'));
    }

    private static bool IsClosing(char c) => c is '"' or '”' or '’' or '\'' or '»' or ')' or ']' or '}' or '`';

    // An apostrophe within a word, a point, comma or sign between or before digits belong to it: don't, 1.5, .5, -3.
    private static bool IsWord(string text, int i) =>
        char.IsLetterOrDigit(text[i]) || char.IsNumber(text[i]) || char.IsSurrogate(text[i]) || IsMark(text[i]) ||
        (text[i] is '\'' or '’' or '_' && i > 0 && i + 1 < text.Length && char.IsLetterOrDigit(text[i - 1]) && char.IsLetterOrDigit(text[i + 1])) ||
        (text[i] is ',' or ':' && i > 0 && i + 1 < text.Length && char.IsDigit(text[i - 1]) && char.IsDigit(text[i + 1])) ||
        (text[i] is '.' or '-' && i + 1 < text.Length && char.IsDigit(text[i + 1]));

    private static bool IsMark(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
