using System.Collections.Frozen;

namespace Sophia.Gpu.Text;

/// <summary>What the analyser must know about a language.</summary>
/// <param name="Stem">Stems the first letters of the buffer, which is twice as long as the word, in place; returns the stem's length.</param>
/// <param name="IsStopWord">Of a raw word.</param>
/// <param name="Elides">Short words lose their vowel before another (l'eau, qu'il): the apostrophe parts two words.</param>
/// <param name="FoldsAccents">Stems are compared without accents, since people leave them out.</param>
/// <param name="TurnWords">By which turns of conversations show what they do.</param>
/// <param name="Kept">Letters with a mark that are letters of their own.</param>
internal sealed record Language(
    string Code, Language.Stemmer Stem, Language.StopWord IsStopWord, TurnWords TurnWords, bool Elides = false, bool FoldsAccents = true, string Kept = "")
{
    /// <summary>No stems, no stop words.</summary>
    public const string None = "none";

    public delegate int Stemmer(Span<char> letters, int length);

    public delegate bool StopWord(ReadOnlySpan<char> word);

    // English writes accents only in foreign words, and the vectors of the default embedder stand on its terms.
    public static Language English { get; } = new("en", EnglishStemmer.Stem, EnglishStopWords.Contains, TurnWords.English, FoldsAccents: false);

    public static Language German { get; } = new("de", GermanStemmer.Stem, In(StopWords.German), TurnWords.German);

    public static Language French { get; } = new("fr", FrenchStemmer.Stem, In(StopWords.French), TurnWords.French, Elides: true);

    public static Language Spanish { get; } = new("es", SpanishStemmer.Stem, In(StopWords.Spanish), TurnWords.Spanish, Kept: "ñ");

    private static StopWord In(FrozenSet<string> words)
    {
        var lookup = words.GetAlternateLookup<ReadOnlySpan<char>>();
        return word => lookup.Contains(word);
    }
}
