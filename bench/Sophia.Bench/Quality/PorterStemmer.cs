namespace Sophia.Bench.Quality;

/// <summary>
/// The stemmer of the reference, written from the paper and not shared with Sophia's own.
/// Source: Porter, "An algorithm for suffix stripping", Program 14(3), 1980.
/// </summary>
internal static class PorterStemmer
{
    private static readonly (string Suffix, string By)[] Step2 =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("abli", "able"), ("alli", "al"),
        ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"),
        ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
    ];

    private static readonly (string Suffix, string By)[] Step3 =
        [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

    private static readonly string[] Step4 =
    [
        "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize",
    ];

    /// <param name="word">Lower case; one with a digit in it stays as it is.</param>
    public static string Stem(string word)
    {
        if (word.Length <= 2 || word.Any(char.IsAsciiDigit))
        {
            return word;
        }

        word = Step1C(Step1B(Step1A(word)));
        word = Replace(word, Step2);
        word = Replace(word, Step3);
        return Step5(Remove4(word));
    }

    private static string Step1A(string w) =>
        w.EndsWith("sses", StringComparison.Ordinal) || w.EndsWith("ies", StringComparison.Ordinal) ? w[..^2]
        : w.EndsWith('s') && !w.EndsWith("ss", StringComparison.Ordinal) ? w[..^1] : w;

    private static string Step1B(string w)
    {
        if (w.EndsWith("eed", StringComparison.Ordinal))
        {
            return Measure(w.AsSpan(0, w.Length - 3)) > 0 ? w[..^1] : w;
        }

        var cut = w.EndsWith("ed", StringComparison.Ordinal) ? 2 : w.EndsWith("ing", StringComparison.Ordinal) ? 3 : 0;
        if (cut == 0 || !HasVowel(w.AsSpan(0, w.Length - cut)))
        {
            return w;
        }

        w = w[..^cut];
        if (w.EndsWith("at", StringComparison.Ordinal) || w.EndsWith("bl", StringComparison.Ordinal) || w.EndsWith("iz", StringComparison.Ordinal))
        {
            return w + "e";
        }

        return EndsDoubled(w) && w[^1] is not ('l' or 's' or 'z') ? w[..^1] : Measure(w) == 1 && EndsCvc(w) ? w + "e" : w;
    }

    private static string Step1C(string w) => w.EndsWith('y') && HasVowel(w.AsSpan(0, w.Length - 1)) ? w[..^1] + "i" : w;

    private static string Replace(string w, (string Suffix, string By)[] rules)
    {
        // The longest suffix decides, whether or not its condition holds.
        foreach (var (suffix, by) in rules.OrderByDescending(r => r.Suffix.Length))
        {
            if (w.EndsWith(suffix, StringComparison.Ordinal))
            {
                return Measure(w.AsSpan(0, w.Length - suffix.Length)) > 0 ? w[..^suffix.Length] + by : w;
            }
        }

        return w;
    }

    private static string Remove4(string w)
    {
        var suffix = Step4.Where(s => w.EndsWith(s, StringComparison.Ordinal)).MaxBy(s => s.Length);
        if (suffix is null)
        {
            return w;
        }

        var stem = w[..^suffix.Length];
        return Measure(stem) > 1 && (suffix != "ion" || stem.EndsWith('s') || stem.EndsWith('t')) ? stem : w;
    }

    private static string Step5(string w)
    {
        if (w.EndsWith('e'))
        {
            var stem = w.AsSpan(0, w.Length - 1);
            w = Measure(stem) > 1 || (Measure(stem) == 1 && !EndsCvc(stem)) ? stem.ToString() : w;
        }

        return w.EndsWith("ll", StringComparison.Ordinal) && Measure(w) > 1 ? w[..^1] : w;
    }

    private static bool IsConsonant(ReadOnlySpan<char> w, int i) => w[i] switch
    {
        'a' or 'e' or 'i' or 'o' or 'u' => false,
        'y' => i == 0 || !IsConsonant(w, i - 1),
        _ => true,
    };

    /// <summary>How often a vowel is followed by a consonant.</summary>
    private static int Measure(ReadOnlySpan<char> w)
    {
        var count = 0;
        for (var i = 1; i < w.Length; i++)
        {
            count += IsConsonant(w, i) && !IsConsonant(w, i - 1) ? 1 : 0;
        }

        return count;
    }

    private static bool HasVowel(ReadOnlySpan<char> w)
    {
        for (var i = 0; i < w.Length; i++)
        {
            if (!IsConsonant(w, i))
            {
                return true;
            }
        }

        return false;
    }

    private static bool EndsDoubled(ReadOnlySpan<char> w) => w.Length >= 2 && w[^1] == w[^2] && IsConsonant(w, w.Length - 1);

    private static bool EndsCvc(ReadOnlySpan<char> w) =>
        w.Length >= 3 && IsConsonant(w, w.Length - 1) && !IsConsonant(w, w.Length - 2) && IsConsonant(w, w.Length - 3) &&
        w[^1] is not ('w' or 'x' or 'y');
}
