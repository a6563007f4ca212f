using System.Buffers;
using System.Runtime.InteropServices;

namespace Sophia.Gpu.Text;

/// <summary>
/// Turns text into words and terms for one language. Words met lately are kept with their stems in a direct-mapped
/// cache of fixed size that all threads share: a slot is one reference, so a race costs at most a second stemming.
/// </summary>
internal sealed class TextAnalyzer
{
    private const int CacheSlots = 1 << 16;
    private const int LongestCached = 24;

    private static readonly SearchValues<char> NotOfGrammar = SearchValues.Create("0123456789_.");

    private readonly Word?[] _cache = new Word?[CacheSlots];
    private readonly bool _isEnglish;

    private TextAnalyzer(bool isEnglish) => _isEnglish = isEnglish;

    public static TextAnalyzer English { get; } = new(isEnglish: true);

    /// <summary>No stemming, no stop words.</summary>
    public static TextAnalyzer Plain { get; } = new(isEnglish: false);

    /// <param name="language">As in the namespace's settings: en, or anything else for plain words.</param>
    public static TextAnalyzer For(string language) => language == "en" ? English : Plain;

    /// <summary>Appends the words of the text, in order, repeated as often as they stand in it.</summary>
    public void Analyze(ReadOnlySpan<char> text, List<Word> words)
    {
        Span<char> buffer = stackalloc char[WordReader.MaxLength];
        var reader = new WordReader(text, buffer);
        while (reader.Next(out var word))
        {
            words.Add(Find(word));
        }
    }

    public Word Find(ReadOnlySpan<char> raw)
    {
        if (raw.Length > LongestCached)
        {
            return Make(raw);
        }

        ref var slot = ref _cache[SlotOf(raw)];
        var word = Volatile.Read(ref slot);
        if (word is not null && raw.SequenceEqual(word.Raw))
        {
            return word;
        }

        word = Make(raw);
        Volatile.Write(ref slot, word);
        return word;
    }

    private static int SlotOf(ReadOnlySpan<char> raw)
    {
        var bytes = MemoryMarshal.AsBytes(raw);
        var hash = (ulong)raw.Length * 0x9e3779b97f4a7c15;
        while (bytes.Length >= 8)
        {
            hash = (hash ^ MemoryMarshal.Read<ulong>(bytes)) * 0x9e3779b97f4a7c15;
            hash ^= hash >> 32;
            bytes = bytes[8..];
        }

        if (bytes.Length >= 4)
        {
            hash = (hash ^ MemoryMarshal.Read<uint>(bytes)) * 0x9e3779b97f4a7c15;
            hash ^= hash >> 32;
            bytes = bytes[4..];
        }

        if (bytes.Length > 0)
        {
            hash = (hash ^ MemoryMarshal.Read<ushort>(bytes)) * 0x9e3779b97f4a7c15;
        }

        return (int)(hash >> 48);
    }

    private Word Make(ReadOnlySpan<char> raw)
    {
        var text = raw.ToString();
        if (!_isEnglish)
        {
            return new Word(text, text, TermHash.Of(raw), IsStopWord: false);
        }

        // Numbers and identifiers have no grammar to take off.
        if (raw.ContainsAny(NotOfGrammar))
        {
            return new Word(text, text, TermHash.Of(raw), IsStopWord: false);
        }

        Span<char> buffer = stackalloc char[WordReader.MaxLength];
        raw.CopyTo(buffer);
        var stem = buffer[..EnglishStemmer.Stem(buffer, raw.Length)];
        return new Word(text, stem.SequenceEqual(raw) ? text : stem.ToString(), TermHash.Of(stem), EnglishStopWords.Contains(raw));
    }
}
