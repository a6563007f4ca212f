using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    /// <summary>A term of the query that some living document has.</summary>
    internal struct QueryTerm
    {
        public string Text;
        public int Number;

        /// <summary>Times the weight that the query gives it.</summary>
        public double Idf;
    }

    /// <summary>
    /// The terms of a query as an index knows them, in the query's order, ready to be counted in one document after another.
    /// Good until the index changes; for one thread at a time.
    /// </summary>
    internal sealed class QueryTerms
    {
        private const int BlockBytes = 64;

        private readonly LexicalIndex _index;
        private readonly long _changes;
        private readonly QueryTerm[] _found;
        private readonly int[] _counts;

        // A bit by the low bits of a term's number: most words of a document are told apart from the query's here.
        private readonly ulong[] _mayBe = new ulong[64];

        // Places in _found, one up, by the low bits of the number, in the next free place.
        private readonly int[] _places;
        private readonly ulong[] _counted;

        public QueryTerms(LexicalQuery query, LexicalIndex index)
        {
            (_index, _changes) = (index, index._changes);
            Bm25 = query.Corpus is { } corpus ? new Bm25(corpus.Documents, corpus.Words) : new Bm25(index.Count, index._words);
            var found = new QueryTerm[query.Terms.Count];
            var count = 0;
            for (var i = 0; i < query.Terms.Count; i++)
            {
                var text = query.Terms[i];
                if (index._terms.Find(text) is >= 0 and var number)
                {
                    found[count++] = new QueryTerm { Text = text, Number = number, Idf = query.Weights[i] * Bm25.Idf(DocumentsOf(query, text, index._terms[number].Documents)) };
                }
            }

            _found = found.AsSpan(0, count).ToArray();
            _counts = new int[count];
            _counted = new ulong[(count + 63) / 64];
            _places = new int[(int)BitOperations.RoundUpToPowerOf2((uint)(count * 2) + 1)];
            for (var i = 0; i < count; i++)
            {
                var number = _found[i].Number;
                _mayBe[(number >> 6) & 63] |= 1UL << number;
                var at = number & (_places.Length - 1);
                while (_places[at] != 0)
                {
                    at = (at + 1) & (_places.Length - 1);
                }

                _places[at] = i + 1;
            }
        }

        public Bm25 Bm25 { get; }

        public ReadOnlySpan<QueryTerm> Found => _found;

        /// <summary>By place in <see cref="Found"/>: how often the last document has it.</summary>
        public ReadOnlySpan<int> Counts => _counts;

        /// <summary>How many of the terms the last document has.</summary>
        public int Counted
        {
            get
            {
                var counted = 0;
                foreach (var word in _counted)
                {
                    counted += BitOperations.PopCount(word);
                }

                return counted;
            }
        }

        public bool IsOf(LexicalIndex index) => _index == index && _changes == index._changes;

        /// <summary>BM25 of a document.</summary>
        public double Score(LexicalIndex index, int document)
        {
            Count(index, document);
            var length = index._lengths[document];
            double score = 0;
            for (var word = 0; word < _counted.Length; word++)
            {
                for (var left = _counted[word]; left != 0; left &= left - 1)
                {
                    var place = (word * 64) + BitOperations.TrailingZeroCount(left);
                    score += Bm25.Score(_found[place].Idf, _counts[place], length);
                }
            }

            return score;
        }

        /// <summary>Adds the terms that the last document has, in the query's order.</summary>
        public void AddCounted(List<string> texts)
        {
            for (var place = 0; place < _counts.Length; place++)
            {
                if (_counts[place] > 0)
                {
                    texts.Add(_found[place].Text);
                }
            }
        }

        /// <summary>
        /// Counts the terms in a document. Its words are numbers of one to five bytes: 64 bytes at a time, the bits that end
        /// a number say where all of them are, so that no number waits for the length of the one before it.
        /// </summary>
        public void Count(LexicalIndex index, int document)
        {
            Array.Clear(_counts);
            Array.Clear(_counted);
            var words = index._lengths[document];
            if (_found.Length == 0 || words == 0)
            {
                return;
            }

            var bytes = index._forward.From(index._documents[document].Place);
            ref var first = ref MemoryMarshal.GetReference(bytes);
            ref var mayBe = ref MemoryMarshal.GetArrayDataReference(_mayBe);
            var from = 0;
            while (words > 0 && from + BlockBytes + sizeof(ulong) <= bytes.Length)
            {
                var ends = ~Vector512.LoadUnsafe(ref first, (nuint)from).ExtractMostSignificantBits();
                var start = from;
                for (; ends != 0 && words > 0; ends &= ends - 1, words--)
                {
                    var next = from + BitOperations.TrailingZeroCount(ends) + 1;
                    var number = (int)Unpack(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, start)), (next - start) * 8);
                    start = next;
                    if (((Unsafe.Add(ref mayBe, (number >> 6) & 63) >> number) & 1) != 0)
                    {
                        Count(number);
                    }
                }

                from = start;
            }

            while (--words >= 0)
            {
                Count((int)VarInt.Read(bytes, ref from));
            }
        }

        /// <summary>A number of seven bits a byte, low first.</summary>
        /// <param name="bits">Eight for each of its bytes.</param>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong Unpack(ulong bytes, int bits)
        {
            if (Bmi2.X64.IsSupported)
            {
                return Bmi2.X64.ParallelBitExtract(Bmi2.X64.ZeroHighBits(bytes, (ulong)bits), 0x7f7f7f7f7f);
            }

            bytes &= ulong.MaxValue >> (64 - bits);
            return (bytes & 0x7f) | ((bytes >> 1) & (0x7fUL << 7)) | ((bytes >> 2) & (0x7fUL << 14)) | ((bytes >> 3) & (0x7fUL << 21)) | ((bytes >> 4) & (0x7fUL << 28));
        }

        private static int DocumentsOf(LexicalQuery query, string term, int here) => query.Corpus?.DocumentsWith.GetValueOrDefault(term, here) ?? here;

        /// <summary>The place in <see cref="Found"/> of a term by its number; −1 where the query has another.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Find(int number) => ((_mayBe[(number >> 6) & 63] >> number) & 1) == 0 ? -1 : LookUp(number);

        private int LookUp(int number)
        {
            for (var at = number & (_places.Length - 1); _places[at] != 0; at = (at + 1) & (_places.Length - 1))
            {
                if (_found[_places[at] - 1].Number == number)
                {
                    return _places[at] - 1;
                }
            }

            return -1;
        }

        private void Count(int number)
        {
            if (LookUp(number) is >= 0 and var place)
            {
                _counts[place]++;
                _counted[place >> 6] |= 1UL << place;
            }
        }
    }
}
