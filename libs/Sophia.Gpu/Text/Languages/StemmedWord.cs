namespace Sophia.Gpu.Text;

/// <summary>
/// A word while its endings are taken off, with the regions that Snowball's stemmers ask for: an ending counts only where
/// it begins in the region. Source: https://snowballstem.org/texts/r1r2.html.
/// </summary>
/// <param name="letters">Holds the word, lower case, and room for it to grow.</param>
internal ref struct StemmedWord(Span<char> letters, int length)
{
    private readonly Span<char> _letters = letters;

    public int Length { get; set; } = length;

    /// <summary>Where R1 begins; behind the word until it is set.</summary>
    public int R1 { get; set; } = length;

    public int R2 { get; set; } = length;

    /// <summary>The region of verb endings in Romance languages.</summary>
    public int Rv { get; set; } = length;

    public readonly Span<char> Letters => _letters[..Length];

    public readonly ref char this[int at] => ref _letters[at];

    /// <summary>The letter so many before the end; '\0' where there is none.</summary>
    public readonly char Before(int count) => count < Length ? _letters[Length - 1 - count] : '\0';

    public readonly bool EndsWith(string ending) => Letters.EndsWith(ending);

    /// <summary>The longest of the endings that the word has and that begins at or after <paramref name="region"/>.</summary>
    /// <param name="endings">Longest first.</param>
    public readonly string? Longest(ReadOnlySpan<string> endings, int region = 0)
    {
        foreach (var ending in endings)
        {
            if (Length - ending.Length >= region && Letters.EndsWith(ending))
            {
                return ending;
            }
        }

        return null;
    }

    /// <summary>True if the word ended in it, in the region; then it no longer does.</summary>
    public bool TryDelete(string ending, int region) => TryReplace(ending, "", region);

    public bool TryReplace(string ending, string by, int region)
    {
        var start = Length - ending.Length;
        if (start < region || !EndsWith(ending))
        {
            return false;
        }

        by.CopyTo(_letters[start..]);
        Length = start + by.Length;
        return true;
    }

    /// <summary>R1 is what follows the first consonant after a vowel, R2 the same within R1.</summary>
    public void MarkRegions(string vowels)
    {
        R1 = AfterSyllable(0, vowels);
        R2 = AfterSyllable(R1, vowels);
    }

    /// <summary>Behind the first letter from <paramref name="from"/> on that is (not) one of these; the length if there is none.</summary>
    public readonly int Past(int from, string vowels, bool vowel)
    {
        for (var at = from; at < Length; at++)
        {
            if (vowels.Contains(_letters[at]) == vowel)
            {
                return at + 1;
            }
        }

        return Length;
    }

    private readonly int AfterSyllable(int from, string vowels) => Past(Past(from, vowels, vowel: true), vowels, vowel: false);
}
