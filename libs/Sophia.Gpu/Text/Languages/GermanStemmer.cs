namespace Sophia.Gpu.Text;

/// <summary>
/// The German stemmer of Snowball: ß becomes ss; u and y between vowels are consonants (U, Y); three steps take inflections
/// and some derivations off in R1 and R2; at the end umlauts lose their dots.
/// Source: https://snowballstem.org/algorithms/german/stemmer.html.
/// </summary>
internal static class GermanStemmer
{
    private const string Vowels = "aeiouyäöü";
    private static readonly string[] Step1 = ["ern", "em", "er", "en", "es", "e", "s"];
    private static readonly string[] Step2 = ["est", "en", "er", "st"];
    private static readonly string[] Step3 = ["isch", "lich", "heit", "keit", "end", "ung", "ig", "ik"];

    /// <param name="letters">The word in lower case; overwritten with the stem. Twice as long as the word.</param>
    /// <returns>The length of the stem.</returns>
    public static int Stem(Span<char> letters, int length)
    {
        var word = new StemmedWord(letters, SpellOut(letters, length));
        word.MarkRegions(Vowels);
        // The region before R1 has at least three letters.
        word.R1 = Math.Max(word.R1, Math.Min(3, word.Length));
        TakeInflection(ref word);
        TakeComparison(ref word);
        TakeDerivation(ref word);
        foreach (ref var letter in word.Letters)
        {
            letter = letter switch { 'Y' => 'y', 'U' or 'ü' => 'u', 'ä' => 'a', 'ö' => 'o', _ => letter };
        }

        return word.Length;
    }

    private static int SpellOut(Span<char> letters, int length)
    {
        for (var at = 0; at < length; at++)
        {
            if (letters[at] == 'ß')
            {
                letters[at..length].CopyTo(letters[(at + 1)..]);
                letters[at] = letters[at + 1] = 's';
                length++;
            }
        }

        for (var at = 1; at < length - 1; at++)
        {
            if (letters[at] is 'u' or 'y' && Vowels.Contains(letters[at - 1]) && Vowels.Contains(letters[at + 1]))
            {
                letters[at] = char.ToUpperInvariant(letters[at]);
            }
        }

        return length;
    }

    private static void TakeInflection(ref StemmedWord word)
    {
        switch (word.Longest(Step1))
        {
            case "s":
                if ("bdfghklmnrt".Contains(word.Before(1)))
                {
                    word.TryDelete("s", word.R1);
                }

                break;
            case { } ending when word.TryDelete(ending, word.R1) && ending is "e" or "en" or "es" && word.EndsWith("niss"):
                word.Length--;
                break;
            default:
                break;
        }
    }

    private static void TakeComparison(ref StemmedWord word)
    {
        switch (word.Longest(Step2))
        {
            case "st":
                if (word.Length >= 6 && "bdfghklmnt".Contains(word.Before(2)))
                {
                    word.TryDelete("st", word.R1);
                }

                break;
            case { } ending:
                word.TryDelete(ending, word.R1);
                break;
            default:
                break;
        }
    }

    private static void TakeDerivation(ref StemmedWord word)
    {
        switch (word.Longest(Step3))
        {
            case ("end" or "ung") and var ending when word.TryDelete(ending, word.R2):
                if (word.EndsWith("ig") && word.Before(2) != 'e')
                {
                    word.TryDelete("ig", word.R2);
                }

                break;
            case ("ig" or "ik" or "isch") and var ending when word.Before(ending.Length) != 'e':
                word.TryDelete(ending, word.R2);
                break;
            case ("lich" or "heit") and var ending when word.TryDelete(ending, word.R2):
                _ = word.TryDelete("er", word.R1) || word.TryDelete("en", word.R1);
                break;
            case "keit" when word.TryDelete("keit", word.R2):
                _ = word.TryDelete("lich", word.R2) || word.TryDelete("ig", word.R2);
                break;
            default:
                break;
        }
    }
}
