namespace Sophia.Gpu.Text;

/// <summary>
/// The Spanish stemmer of Snowball: pronouns attached to verbs go first, then a derivation or a verb ending, then what is
/// left of gender and number; acute accents go at the end.
/// Source: https://snowballstem.org/algorithms/spanish/stemmer.html.
/// </summary>
internal static partial class SpanishStemmer
{
    private const string Vowels = "aeiouáéíóúü";

    /// <param name="letters">The word in lower case; overwritten with the stem.</param>
    /// <returns>The length of the stem.</returns>
    public static int Stem(Span<char> letters, int length)
    {
        var word = new StemmedWord(letters, length);
        word.MarkRegions(Vowels);
        word.Rv = StartOfRv(in word);
        TakePronoun(ref word);
        _ = TakeDerivation(ref word) || TakeYVerb(ref word) || TakeVerb(ref word);
        TakeRest(ref word);
        foreach (ref var letter in word.Letters)
        {
            letter = letter switch { 'á' => 'a', 'é' => 'e', 'í' => 'i', 'ó' => 'o', 'ú' => 'u', _ => letter };
        }

        return word.Length;
    }

    private static int StartOfRv(in StemmedWord word)
    {
        if (word.Length < 2)
        {
            return word.Length;
        }

        var (first, second) = (Vowels.Contains(word[0]), Vowels.Contains(word[1]));
        return !second ? word.Past(2, Vowels, vowel: true)
            : first ? word.Past(2, Vowels, vowel: false)
            : Math.Min(3, word.Length);
    }

    private static void TakePronoun(ref StemmedWord word)
    {
        if (word.Longest(Pronouns) is not { } pronoun)
        {
            return;
        }

        var before = new StemmedWord(word.Letters, word.Length - pronoun.Length);
        if (before.Longest(BeforePronoun) is not { } ending || before.Length - ending.Length < word.Rv ||
            (ending == "yendo" && before.Before(5) != 'u'))
        {
            return;
        }

        if (ending is "iéndo" or "ándo" or "ár" or "ér" or "ír")
        {
            foreach (ref var letter in before.Letters[^ending.Length..])
            {
                letter = letter switch { 'á' => 'a', 'é' => 'e', 'í' => 'i', _ => letter };
            }
        }

        word.Length = before.Length;
    }

    private static bool TakeDerivation(ref StemmedWord word)
    {
        var ending = word.Longest(Derivations);
        switch (ending)
        {
            case null:
                return false;
            case "adora" or "ador" or "ación" or "adoras" or "adores" or "aciones" or "acion" or "ante" or "antes" or "ancia" or "ancias":
                return word.TryDelete(ending, word.R2) && (word.TryDelete("ic", word.R2) || true);
            case "logía" or "logías":
                return word.TryReplace(ending, "log", word.R2);
            case "ución" or "uciones" or "ucion":
                return word.TryReplace(ending, "u", word.R2);
            case "encia" or "encias":
                return word.TryReplace(ending, "ente", word.R2);
            case "amente":
                return TakeAmente(ref word);
            case "mente":
                return word.TryDelete(ending, word.R2) &&
                    (word.TryDelete("ante", word.R2) || word.TryDelete("able", word.R2) || word.TryDelete("ible", word.R2) || true);
            case "idad" or "idades":
                return word.TryDelete(ending, word.R2) &&
                    (word.TryDelete("abil", word.R2) || word.TryDelete("ic", word.R2) || word.TryDelete("iv", word.R2) || true);
            case "iva" or "ivo" or "ivas" or "ivos":
                return word.TryDelete(ending, word.R2) && (word.TryDelete("at", word.R2) || true);
            default:
                return word.TryDelete(ending, word.R2);
        }
    }

    private static bool TakeAmente(ref StemmedWord word)
    {
        if (!word.TryDelete("amente", word.R1))
        {
            return false;
        }

        if (word.TryDelete("iv", word.R2))
        {
            word.TryDelete("at", word.R2);
        }
        else
        {
            _ = word.TryDelete("os", word.R2) || word.TryDelete("ic", word.R2) || word.TryDelete("ad", word.R2);
        }

        return true;
    }

    private static bool TakeYVerb(ref StemmedWord word) =>
        word.Longest(YVerbs, word.Rv) is { } ending && word.Before(ending.Length) == 'u' && word.TryDelete(ending, word.Rv);

    private static bool TakeVerb(ref StemmedWord word)
    {
        if (word.Longest(Verbs, word.Rv) is not { } ending)
        {
            return false;
        }

        word.TryDelete(ending, word.Rv);
        if (ending is "en" or "es" or "éis" or "emos" && word.EndsWith("gu"))
        {
            word.Length--;
        }

        return true;
    }

    private static void TakeRest(ref StemmedWord word)
    {
        if (word.Longest(Rests) is { } ending && word.TryDelete(ending, word.Rv) && ending is "e" or "é" && word.EndsWith("gu"))
        {
            word.TryDelete("u", word.Rv);
        }
    }
}
