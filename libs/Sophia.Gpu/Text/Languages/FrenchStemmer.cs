namespace Sophia.Gpu.Text;

/// <summary>
/// The French stemmer of Snowball. Vowels that are consonants where they stand become capitals, ë and ï become He and Hi;
/// one step takes a derivation or a verb ending off, else the rest takes what is left of gender and number; double
/// consonants and the last accent go.
/// Source: https://snowballstem.org/algorithms/french/stemmer.html.
/// </summary>
internal static partial class FrenchStemmer
{
    private const string Vowels = "aeiouyâàëéêèïîôûù";

    /// <param name="letters">The word in lower case; overwritten with the stem. Twice as long as the word.</param>
    /// <returns>The length of the stem.</returns>
    public static int Stem(Span<char> letters, int length)
    {
        var word = new StemmedWord(letters, MarkConsonants(letters, length));
        word.MarkRegions(Vowels);
        word.Rv = StartOfRv(in word);
        if (TakeDerivation(ref word) || TakeIVerb(ref word) || TakeVerb(ref word))
        {
            _ = word.TryReplace("Y", "i", 0) || word.TryReplace("ç", "c", 0);
        }
        else
        {
            TakeRest(ref word);
        }

        if (word.Longest(Doubled) is not null)
        {
            word.Length--;
        }

        TakeLastAccent(ref word);
        return UnmarkConsonants(word.Letters);
    }

    private static bool IsVowel(char letter) => Vowels.Contains(letter);

    private static int MarkConsonants(Span<char> letters, int length)
    {
        for (var at = 0; at < length;)
        {
            var next = at + 1 < length ? letters[at + 1] : '\0';
            var isBeforeVowel = at + 2 < length && IsVowel(letters[at + 2]);
            if (IsVowel(letters[at]) && ((next is 'u' or 'i' && isBeforeVowel) || next == 'y'))
            {
                letters[at + 1] = char.ToUpperInvariant(next);
            }
            else if (letters[at] is 'ë' or 'ï')
            {
                letters[(at + 1)..length].CopyTo(letters[(at + 2)..]);
                (letters[at], letters[at + 1]) = ('H', letters[at] == 'ë' ? 'e' : 'i');
                length++;
            }
            else if (letters[at] == 'y' && IsVowel(next))
            {
                letters[at] = 'Y';
            }
            else if (letters[at] == 'q' && next == 'u')
            {
                letters[at + 1] = 'U';
            }
            else
            {
                at++;
            }
        }

        return length;
    }

    private static int UnmarkConsonants(Span<char> letters)
    {
        var length = 0;
        for (var at = 0; at < letters.Length; at++)
        {
            if (letters[at] == 'H')
            {
                var next = at + 1 < letters.Length ? letters[at + 1] : '\0';
                if (next is 'e' or 'i')
                {
                    letters[length++] = next == 'e' ? 'ë' : 'ï';
                    at++;
                }
            }
            else
            {
                letters[length++] = letters[at] is 'I' or 'U' or 'Y' ? char.ToLowerInvariant(letters[at]) : letters[at];
            }
        }

        return length;
    }

    private static int StartOfRv(in StemmedWord word)
    {
        if (word.Length >= 3 &&
            ((IsVowel(word[0]) && IsVowel(word[1])) || word.Letters.StartsWith("par") || word.Letters.StartsWith("col") || word.Letters.StartsWith("tap")))
        {
            return 3;
        }

        return word.Past(1, Vowels, vowel: true);
    }

    private static bool TakeDerivation(ref StemmedWord word)
    {
        var ending = word.Longest(Derivations);
        switch (ending)
        {
            case null:
                return false;
            case "ance" or "iqUe" or "isme" or "able" or "iste" or "eux" or "ances" or "iqUes" or "ismes" or "ables" or "istes":
                return word.TryDelete(ending, word.R2);
            case "atrice" or "ateur" or "ation" or "atrices" or "ateurs" or "ations":
                if (!word.TryDelete(ending, word.R2))
                {
                    return false;
                }

                _ = word.TryDelete("ic", word.R2) || word.TryReplace("ic", "iqU", 0);
                return true;
            case "logie" or "logies":
                return word.TryReplace(ending, "log", word.R2);
            case "usion" or "ution" or "usions" or "utions":
                return word.TryReplace(ending, "u", word.R2);
            case "ence" or "ences":
                return word.TryReplace(ending, "ent", word.R2);
            case "ement" or "ements":
                return TakeEment(ref word, ending);
            case "ité" or "ités":
                return TakeIte(ref word, ending);
            case "if" or "ive" or "ifs" or "ives":
                return TakeIf(ref word, ending);
            case "eaux":
                return word.TryReplace("eaux", "eau", 0);
            case "aux":
                return word.TryReplace("aux", "al", word.R1);
            case "euse" or "euses":
                return word.TryDelete(ending, word.R2) || word.TryReplace(ending, "eux", word.R1);
            case "issement" or "issements":
                return word.Before(ending.Length) is not '\0' and var before && !IsVowel(before) && word.TryDelete(ending, word.R1);
            case "amment":
                word.TryReplace("amment", "ant", word.Rv);
                return false;
            case "emment":
                word.TryReplace("emment", "ent", word.Rv);
                return false;
            default:
                // ment, ments: after a vowel of RV. Like the two above it leaves more to take.
                if (IsVowel(word.Before(ending.Length)) && word.Length - ending.Length - 1 >= word.Rv)
                {
                    word.Length -= ending.Length;
                }

                return false;
        }
    }

    private static bool TakeEment(ref StemmedWord word, string ending)
    {
        if (!word.TryDelete(ending, word.Rv))
        {
            return false;
        }

        switch (word.Longest(BeforeEment))
        {
            case "iv" when word.TryDelete("iv", word.R2):
                word.TryDelete("at", word.R2);
                break;
            case "eus":
                _ = word.TryDelete("eus", word.R2) || word.TryReplace("eus", "eux", word.R1);
                break;
            case ("abl" or "iqU") and var before:
                word.TryDelete(before, word.R2);
                break;
            case ("ièr" or "Ièr") and var before:
                word.TryReplace(before, "i", word.Rv);
                break;
            default:
                break;
        }

        return true;
    }

    private static bool TakeIte(ref StemmedWord word, string ending)
    {
        if (!word.TryDelete(ending, word.R2))
        {
            return false;
        }

        _ = word.TryDelete("abil", word.R2) || word.TryReplace("abil", "abl", 0) ||
            word.TryDelete("ic", word.R2) || word.TryReplace("ic", "iqU", 0) ||
            word.TryDelete("iv", word.R2);
        return true;
    }

    private static bool TakeIf(ref StemmedWord word, string ending)
    {
        if (!word.TryDelete(ending, word.R2))
        {
            return false;
        }

        if (word.TryDelete("at", word.R2))
        {
            _ = word.TryDelete("ic", word.R2) || word.TryReplace("ic", "iqU", 0);
        }

        return true;
    }

    private static bool TakeIVerb(ref StemmedWord word) =>
        word.Longest(IVerbs, word.Rv) is { } ending && word.Length - ending.Length - 1 >= word.Rv &&
        word.Before(ending.Length) is not 'H' and var before && !IsVowel(before) && word.TryDelete(ending, word.Rv);

    private static bool TakeVerb(ref StemmedWord word)
    {
        if (word.Longest(Verbs, word.Rv) is not { } ending)
        {
            return false;
        }

        if (ending == "ions")
        {
            return word.TryDelete(ending, word.R2);
        }

        word.TryDelete(ending, word.Rv);
        if (ending[0] is 'a' or 'â')
        {
            word.TryDelete("e", word.Rv);
        }

        return true;
    }

    private static void TakeRest(ref StemmedWord word)
    {
        if (word.Before(0) == 's' && word.Length > 1 && (word.EndsWith("His") || !"aiouès".Contains(word.Before(1))))
        {
            word.Length--;
        }

        switch (word.Longest(Rests, word.Rv))
        {
            case "ion" when word.Before(3) is 's' or 't' && word.Length - 4 >= word.Rv:
                word.TryDelete("ion", word.R2);
                break;
            case ("ier" or "ière" or "Ier" or "Ière") and var ending:
                word.TryReplace(ending, "i", word.Rv);
                break;
            case "e":
                word.TryDelete("e", word.Rv);
                break;
            default:
                break;
        }
    }

    private static void TakeLastAccent(ref StemmedWord word)
    {
        var at = word.Length - 1;
        while (at >= 0 && !IsVowel(word[at]))
        {
            at--;
        }

        if (at >= 0 && at < word.Length - 1 && word[at] is 'é' or 'è')
        {
            word[at] = 'e';
        }
    }
}
