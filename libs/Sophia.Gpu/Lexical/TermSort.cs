using System.Numerics;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// Sorts words of documents by their terms: a radix sort of eleven bits a pass, lowest first, which keeps the documents
/// of a term in their order.
/// </summary>
internal static class TermSort
{
    private const int Bits = 11;
    private const int Buckets = 1 << Bits;

    /// <param name="words">A term's number in the high half, a document's in the low half; documents ascending.</param>
    /// <param name="spare">As long; both are overwritten.</param>
    /// <param name="terms">All terms are below.</param>
    public static Runs ByTerm(ulong[] words, ulong[] spare, int count, int terms)
    {
        Span<int> ends = stackalloc int[Buckets];
        var bits = BitOperations.Log2((uint)Math.Max(terms, 1)) + 1;
        for (var shift = 32; shift < 32 + bits; shift += Bits)
        {
            ends.Clear();
            foreach (var word in words.AsSpan(0, count))
            {
                ends[(int)(word >> shift) & (Buckets - 1)]++;
            }

            var sum = 0;
            foreach (ref var end in ends)
            {
                (end, sum) = (sum, sum + end);
            }

            foreach (var word in words.AsSpan(0, count))
            {
                spare[ends[(int)(word >> shift) & (Buckets - 1)]++] = word;
            }

            (words, spare) = (spare, words);
        }

        return new Runs(words.AsSpan(0, count));
    }

    /// <summary>A term, a document that has it, and how often.</summary>
    internal readonly record struct Run(int Term, int Document, int Count);

    internal ref struct Runs(ReadOnlySpan<ulong> sorted)
    {
        private readonly ReadOnlySpan<ulong> _sorted = sorted;
        private int _at;

        public Run Current { get; private set; }

        public readonly Runs GetEnumerator() => this;

        /// <summary>The term so many words further on; −1 behind the last.</summary>
        public readonly int TermAt(int distance) => _at + distance < _sorted.Length ? (int)(_sorted[_at + distance] >> 32) : -1;

        public bool MoveNext()
        {
            if (_at == _sorted.Length)
            {
                return false;
            }

            var word = _sorted[_at];
            var start = _at;
            while (_at < _sorted.Length && _sorted[_at] == word)
            {
                _at++;
            }

            Current = new Run((int)(word >> 32), (int)(uint)word, _at - start);
            return true;
        }
    }
}
