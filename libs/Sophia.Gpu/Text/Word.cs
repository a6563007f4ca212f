using Sophia.Gpu.Embedding;

namespace Sophia.Gpu.Text;

/// <summary>A word as it was read, and the term that it stands for. Immutable: threads share them through the cache.</summary>
internal sealed class Word
{
    private readonly string? _embedded;
    private ushort[]? _features;

    /// <param name="raw">Lower case, as in the text.</param>
    /// <param name="term">The stem; the same string as <paramref name="raw"/> where stemming changes nothing.</param>
    /// <param name="isName">Found beside the words that it is made of (ada@example.org); it counts for finding, not for embedding.</param>
    /// <param name="composed">The raw word with letters and their marks as one character; null: that is how it is written.</param>
    public Word(string raw, string term, bool isStopWord, bool isName = false, string? composed = null)
    {
        (Raw, Term, IsStopWord, IsName) = (raw, term, isStopWord, isName);
        TermHash = isName ? ~Text.TermHash.Of(term) : Text.TermHash.Of(term);
        SeededHash = string.GetHashCode(term);
        composed ??= raw;
        RawHash = ReferenceEquals(composed, term) ? TermHash : Text.TermHash.Of(composed);
        if (PackedWord.TryPack(raw, out var packed))
        {
            Packed = packed;
        }
    }

    public string Raw { get; }

    public string Term { get; }

    /// <summary>
    /// The term as the default embedder reads it: accents stay as they were written, since vectors that are stored depend on it.
    /// </summary>
    public string Embedded
    {
        get => _embedded ?? Term;
        init => (_embedded, TermHash) = (value, Text.TermHash.Of(value));
    }

    /// <summary>The raw word if it is short and ASCII, else the default.</summary>
    public PackedWord Packed { get; }

    /// <summary>A hash of the term, as it is embedded, that is the same on every machine and in every process.</summary>
    public ulong TermHash { get; private init; }

    /// <summary>A hash of the term that nobody outside the process can foresee: for tables that a hostile text must not slow down.</summary>
    public int SeededHash { get; }

    /// <summary>A hash of the raw word, letters and their marks composed, that is the same on every machine and in every process.</summary>
    public ulong RawHash { get; }

    public bool IsStopWord { get; }

    public bool IsName { get; }

    /// <summary>Where the word adds to an embedding; made when first asked for (twice, if two threads ask at once).</summary>
    public ushort[] Features => _features ??= TermFeatures.Of(this);
}
