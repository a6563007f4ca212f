using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sophia.Gpu.Text;

/// <summary>
/// Turns text into words and terms for one language. Words met lately are kept with their stems in a cache of fixed size that
/// all threads share: sets of two, of which the first is for words met again while they were in the second, so that the many
/// words that a text has once do not push out those of every text (7 of 100 words were made anew in a direct-mapped one, 3
/// here). A slot is one reference, so a race costs at most a second stemming.
/// </summary>
internal sealed partial class TextAnalyzer
{
    private const int CacheSets = 1 << 16;
    private const int NameSlots = 1 << 12;
    private const int LongestCached = 24;

    private readonly Word?[] _cache = new Word?[2 * CacheSets];
    private readonly Word?[] _names = new Word?[NameSlots];
    private readonly Language? _language;
    private readonly bool _elides;

    private TextAnalyzer(Language? language) => (_language, _elides) = (language, language?.Elides ?? false);

    public static TextAnalyzer English { get; } = new(Language.English);

    /// <summary>No stemming, no stop words.</summary>
    public static TextAnalyzer Plain { get; } = new(null);

    private static readonly Lazy<TextAnalyzer> German = new(() => new(Language.German));
    private static readonly Lazy<TextAnalyzer> French = new(() => new(Language.French));
    private static readonly Lazy<TextAnalyzer> Spanish = new(() => new(Language.Spanish));

    /// <param name="language">As in the namespace's settings; one that is not known is read as plain words.</param>
    public static TextAnalyzer For(string language) => language switch
    {
        "en" => English,
        "de" => German.Value,
        "fr" => French.Value,
        "es" => Spanish.Value,
        _ => Plain,
    };

    /// <summary>The apostrophe after a short word parts two words.</summary>
    public bool Elides => _elides;

    /// <summary>Null where the language is not known.</summary>
    public TurnWords? TurnWords => _language?.TurnWords;

    /// <summary>Appends the words of the text, in order, repeated as often as they stand in it.</summary>
    /// <remarks>
    /// Plain ASCII words are found by looking at 64 characters at once; where anything else stands in or next to a word,
    /// <see cref="WordReader"/> reads that word, and it alone says what a word is; before it come the names that begin with it
    /// or stand around it (<see cref="NameReader"/>). The words of several blocks are looked up in one go without branches, so
    /// that the processor waits for many cache lines at once.
    /// </remarks>
    public void Analyze(ReadOnlySpan<char> text, List<Word> words)
    {
        Span<char> buffer = stackalloc char[WordReader.MaxLength];
        Span<PackedWord> plain = stackalloc PackedWord[2 * AsciiBlock.Length];
        var block = new AsciiBlock();
        var (named, waiting) = (0, 0);
        for (var at = 0; at < text.Length;)
        {
            block.Load(text[at..]);
            var special = ReadPlainWords(in block, at > 0 && text[at - 1] is '#' or '.', plain[waiting..], out var count, out var passed);
            at += passed;
            waiting += count;
            if (special || waiting > AsciiBlock.Length)
            {
                AddAll(plain[..waiting], words);
                waiting = 0;
            }

            if (special)
            {
                // Before the word there may be characters that are of none, an opening quote, a dash: they do not make it special.
                var start = WordReader.NextStart(text, at);
                if (start > at && (start == text.Length || text[start] < 128))
                {
                    at = start;
                    continue;
                }

                var reader = new WordReader(text, buffer, start, _elides);
                if (reader.NextOfOne(out var word) && reader.Start >= named)
                {
                    named = AddNames(text, reader.Start, words);
                }

                for (; word.Length > 0; reader.NextOfOne(out word))
                {
                    words.Add(Find(word));
                }

                at = reader.Position;
            }
        }

        AddAll(plain[..waiting], words);
    }

    /// <returns>True when the word at <paramref name="passed"/> is for the word reader.</returns>
    /// <param name="isMarked">Before the block stands a character that may be the beginning of a name.</param>
    private static bool ReadPlainWords(in AsciiBlock block, bool isMarked, Span<PackedWord> words, out int count, out int passed)
    {
        (count, passed) = (0, 0);
        while (passed < AsciiBlock.Length)
        {
            var rest = (block.Words | block.Others) >> passed;
            if (rest == 0)
            {
                passed = AsciiBlock.Length;
                return false;
            }

            passed += BitOperations.TrailingZeroCount(rest);
            if (((block.Others >> passed) & 1) != 0)
            {
                return true;
            }

            var length = block.WordLength(passed);
            var end = passed + length;
            if (end >= AsciiBlock.Length)
            {
                // It may go on: the next block begins with it.
                return passed == 0;
            }

            if (length > PackedWord.MaxLength || ((((block.Joiners | block.Others) >> end) & 1) != 0 && MayJoin(in block, end)) ||
                (passed == 0 ? isMarked : ((block.Joiners >> (passed - 1)) & 1) != 0 && MayMark(in block, passed - 1)))
            {
                return true;
            }

            words[count++] = block.Pack(passed, length);
            passed = end;
        }

        return false;
    }

    private void AddAll(ReadOnlySpan<PackedWord> plain, List<Word> words)
    {
        var first = words.Count;
        CollectionsMarshal.SetCount(words, first + plain.Length);
        var found = CollectionsMarshal.AsSpan(words)[first..];
        for (var i = 0; i < plain.Length; i++)
        {
            found[i] = _cache[2 * plain[i].Slot]!;
        }

        for (var i = 0; i < plain.Length; i++)
        {
            if (found[i] is not { } word || word.Packed != plain[i])
            {
                found[i] = FindSecond(plain[i]);
            }
        }
    }

    // After most full stops nothing stands that they could join: they are the ends of sentences.
    private static bool MayJoin(in AsciiBlock block, int at) =>
        block[at] != (byte)'.' || at + 1 == AsciiBlock.Length || ((block.Words | block.Others) >> (at + 1) & 1) != 0;

    private static bool MayMark(in AsciiBlock block, int at) =>
        block[at] == (byte)'#' || (block[at] == (byte)'.' && (at == 0 || (block.Words >> (at - 1) & 1) == 0));

    /// <returns>Where the last name ends.</returns>
    private int AddNames(ReadOnlySpan<char> text, int at, List<Word> words)
    {
        var reader = new NameReader(text, at, _elides);
        Span<char> lower = stackalloc char[WordReader.MaxLength];
        while (reader.Next(out var name))
        {
            name.ToLowerInvariant(lower);
            words.Add(FindName(lower[..name.Length], reader.IsSecondHalf));
        }

        return reader.End;
    }

    /// <param name="isWord">It has grammar as other words have: who asks for it alone writes a word.</param>
    private Word FindName(ReadOnlySpan<char> raw, bool isWord)
    {
        ref var slot = ref _names[SlotOf(raw) & (NameSlots - 1)];
        var word = Volatile.Read(ref slot);
        if (word is null || !raw.SequenceEqual(word.Raw))
        {
            var text = raw.ToString();
            var composed = Accents.Compose(text);
            word = new Word(text, isWord ? TermOf(composed) : composed, isStopWord: false, isName: true, composed);
            Volatile.Write(ref slot, word);
        }

        return word;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Word Find(PackedWord packed)
    {
        var word = Volatile.Read(ref _cache[2 * packed.Slot]);
        return word is not null && word.Packed == packed ? word : FindSecond(packed);
    }

    /// <summary>The word that is not the first of its set.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private Word FindSecond(PackedWord packed)
    {
        var set = _cache.AsSpan(2 * packed.Slot, 2);
        var word = Volatile.Read(ref set[1]);
        if (word is not null && word.Packed == packed)
        {
            MoveUp(set, word);
            return word;
        }

        Span<char> raw = stackalloc char[PackedWord.MaxLength];
        word = Make(raw[..packed.Unpack(raw)]);
        Volatile.Write(ref set[1], word);
        return word;
    }

    private static void MoveUp(Span<Word?> set, Word word)
    {
        Volatile.Write(ref set[1], Volatile.Read(ref set[0]));
        Volatile.Write(ref set[0], word);
    }

    public Word Find(ReadOnlySpan<char> raw)
    {
        if (PackedWord.TryPack(raw, out var packed))
        {
            return Find(packed);
        }

        if (raw.Length > LongestCached)
        {
            return Make(raw);
        }

        var set = _cache.AsSpan(2 * SlotOf(raw), 2);
        if (Volatile.Read(ref set[0]) is { } first && raw.SequenceEqual(first.Raw))
        {
            return first;
        }

        var word = Volatile.Read(ref set[1]);
        if (word is not null && raw.SequenceEqual(word.Raw))
        {
            MoveUp(set, word);
            return word;
        }

        word = Make(raw);
        Volatile.Write(ref set[1], word);
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
}
