using System.Numerics;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// The terms of an index, each with a number: low numbers first, so that the common ones, which come early, are short
/// when they are written down. Open addressing with linear probing and deletion by moving back; the hashes cannot be
/// foreseen from outside, so no text can make long runs. A freed number is used again.
/// </summary>
internal sealed class TermTable
{
    private readonly Stack<int> _free = new();
    private Slot[] _slots = new Slot[128];
    private Entry[] _entries = new Entry[64];

    /// <summary>Numbers ever used are below.</summary>
    public int Used { get; private set; }

    public int Count => Used - _free.Count;

    public long SizeInMemory => (_slots.Length * 8L) + (_entries.Length * 32L) + (Count * 36L) + (_free.Count * 4L);

    /// <summary>Null until somebody asked how a word is spelled.</summary>
    public Vocabulary? Vocabulary { get; set; }

    public ref Entry this[int term] => ref _entries[term];

    /// <summary>
    /// What <see cref="NumberOf(Word)"/> most likely says for each word, without looking at the terms themselves: no branches, so
    /// that the processor waits for many cache lines at once.
    /// </summary>
    /// <param name="guesses">As long as the words.</param>
    public void Guess(ReadOnlySpan<Word> words, Span<int> guesses)
    {
        for (var i = 0; i < words.Length; i++)
        {
            var guess = _slots[Home(words[i].SeededHash)].Number - 1;
            Ahead.Fetch(ref _entries[Math.Max(guess, 0)]);
            guesses[i] = guess;
        }
    }

    public int NumberOf(Word word, int guess) =>
        guess >= 0 && ReferenceEquals(_entries[guess].Text, word.Term) ? guess : NumberOf(word);

    /// <summary>The number of the word's term, which gets one if it has none.</summary>
    public int NumberOf(Word word)
    {
        var hash = word.SeededHash;
        var mask = _slots.Length - 1;
        for (var at = Home(hash); ; at = (at + 1) & mask)
        {
            ref var slot = ref _slots[at];
            if (slot.Number == 0)
            {
                return Add(word.Term, hash, at);
            }

            if (slot.Hash == hash)
            {
                ref var text = ref _entries[slot.Number - 1].Text;
                if (ReferenceEquals(text, word.Term))
                {
                    return slot.Number - 1;
                }

                if (string.Equals(text, word.Term))
                {
                    // The analyser has made the word anew; from now on it is its string that will be asked for.
                    text = word.Term;
                    return slot.Number - 1;
                }
            }
        }
    }

    /// <returns>−1 for an unknown term.</returns>
    public int Find(string term)
    {
        var hash = string.GetHashCode(term);
        var mask = _slots.Length - 1;
        for (var at = Home(hash); _slots[at].Number != 0; at = (at + 1) & mask)
        {
            if (_slots[at].Hash == hash && string.Equals(_entries[_slots[at].Number - 1].Text, term))
            {
                return _slots[at].Number - 1;
            }
        }

        return -1;
    }

    public void Remove(int term)
    {
        var mask = _slots.Length - 1;
        var hole = Home(string.GetHashCode(_entries[term].Text!));
        while (_slots[hole].Number != term + 1)
        {
            hole = (hole + 1) & mask;
        }

        // What stands behind and would be found through the hole moves into it.
        for (var at = (hole + 1) & mask; _slots[at].Number != 0; at = (at + 1) & mask)
        {
            if (((at - Home(_slots[at].Hash)) & mask) >= ((at - hole) & mask))
            {
                _slots[hole] = _slots[at];
                hole = at;
            }
        }

        _slots[hole] = default;
        _entries[term] = default;
        Vocabulary?.Replace(term, null);
        _free.Push(term);
    }

    private int Add(string text, int hash, int at)
    {
        if (!_free.TryPop(out var term))
        {
            term = Used++;
            if (term == _entries.Length)
            {
                Array.Resize(ref _entries, _entries.Length * 3 / 2);
            }
        }
        else
        {
            Vocabulary?.Replace(term, text);
        }

        _entries[term] = new Entry { Text = text };
        _slots[at] = new Slot { Hash = hash, Number = term + 1 };
        if (Count * 2 > _slots.Length)
        {
            Grow();
        }

        return term;
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new Slot[old.Length * 2];
        var mask = _slots.Length - 1;
        foreach (var slot in old)
        {
            if (slot.Number == 0)
            {
                continue;
            }

            var at = Home(slot.Hash);
            while (_slots[at].Number != 0)
            {
                at = (at + 1) & mask;
            }

            _slots[at] = slot;
        }
    }

    private int Home(int hash) => (int)((uint)hash * 0x9e3779b9u >> (32 - BitOperations.Log2((uint)_slots.Length)));

    internal struct Entry
    {
        /// <summary>Null for a free number.</summary>
        public string? Text;

        /// <summary>Living documents with the term.</summary>
        public int Documents;

        /// <summary>The last addition or removal that has counted the term.</summary>
        public long CountedBy;
    }

    private struct Slot
    {
        public int Hash;
        public int Number;
    }
}
