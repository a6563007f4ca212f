using System.Numerics;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Embedding;

/// <summary>The distinct terms of one text with their counts, in the order of first occurrence. Used again and again by one thread.</summary>
internal sealed class TermCounts
{
    private const int LargestKept = 1 << 14;

    // Nobody outside the process can make words that fall into one place of the table.
    private static readonly ulong Seed = (ulong)Random.Shared.NextInt64() | 1;

    private int[] _slots = new int[256];
    private Entry[] _entries = new Entry[128];

    public int Count { get; private set; }

    public ReadOnlySpan<Entry> Entries => _entries.AsSpan(0, Count);

    public void CountAll(List<Word> words)
    {
        Count = 0;
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(words.Count * 2, 256));
        if (slots > _slots.Length || _slots.Length > LargestKept)
        {
            _slots = new int[slots];
            _entries = new Entry[slots / 2];
        }
        else
        {
            Array.Clear(_slots);
        }

        foreach (var word in words)
        {
            Add(word);
        }
    }

    private void Add(Word word)
    {
        var hash = word.TermHash;
        var mask = _slots.Length - 1;
        for (var slot = (int)(hash * Seed >> 33) & mask; ; slot = (slot + 1) & mask)
        {
            var index = _slots[slot] - 1;
            if (index < 0)
            {
                _entries[Count] = new Entry(word, hash);
                _slots[slot] = ++Count;
                return;
            }

            if (_entries[index].Hash == hash)
            {
                _entries[index].Count++;
                return;
            }
        }
    }

    internal struct Entry(Word word, ulong hash)
    {
        public readonly Word Word = word;
        public readonly ulong Hash = hash;
        public int Count = 1;
    }
}
