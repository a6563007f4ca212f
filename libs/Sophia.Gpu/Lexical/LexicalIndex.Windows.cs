using System.Runtime.InteropServices;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    /// <summary>BM25 of documents taken together. Good until the index changes.</summary>
    public WindowScores Windows(LexicalQuery query) => new(this, query);

    /// <summary>
    /// Scores several documents as if they were one text: their counts of a term add up before they saturate, so that a
    /// window in which the terms of a query are spread over neighbours beats one that repeats a single term. Terms weigh
    /// what they weigh in one document. A document is read once, in however many windows it is.
    /// </summary>
    internal sealed class WindowScores
    {
        private readonly LexicalIndex _index;
        private readonly QueryTerm[] _terms;
        private readonly Dictionary<int, int> _countsAt = [];
        private readonly List<int> _counts = [];
        private readonly int[] _sums;
        private readonly ulong _mask;
        private readonly int _documents;
        private readonly long _words;

        public WindowScores(LexicalIndex index, LexicalQuery query)
        {
            (_index, Terms) = (index, query.Terms.Count);
            (_documents, _words) = query.Corpus is { } corpus ? (corpus.Documents, corpus.Words) : (index.Count, index._words);
            _terms = new QueryTerms(query, index).Found.ToArray();
            _sums = new int[_terms.Length];
            foreach (ref readonly var term in _terms.AsSpan())
            {
                _mask |= 1UL << term.Number;
            }
        }

        /// <summary>Terms that the query asks for.</summary>
        public int Terms { get; }

        /// <param name="documents">At least one.</param>
        /// <param name="b">How much length counts against a score, 0–1; it is measured against as many documents of average length.</param>
        /// <param name="matched">Terms of the query that at least one of the documents has.</param>
        public double Score(ReadOnlySpan<int> documents, double b, out int matched)
        {
            Array.Clear(_sums);
            var length = 0;
            foreach (var document in documents)
            {
                length += _index._lengths[document];
                var at = CountsAt(document);
                for (var i = 0; i < _sums.Length; i++)
                {
                    _sums[i] += _counts[at + i];
                }
            }

            var bm25 = new Bm25(_documents, _words * documents.Length, b);
            double score = 0;
            matched = 0;
            for (var i = 0; i < _sums.Length; i++)
            {
                if (_sums[i] > 0)
                {
                    score += bm25.Score(_terms[i].Idf, _sums[i], length);
                    matched++;
                }
            }

            return score;
        }

        private int CountsAt(int document)
        {
            if (_countsAt.TryGetValue(document, out var at))
            {
                return at;
            }

            at = _counts.Count;
            _countsAt.Add(document, at);
            CollectionsMarshal.SetCount(_counts, at + _terms.Length);
            var counts = CollectionsMarshal.AsSpan(_counts)[at..];
            counts.Clear();
            var reader = _index.Read(document);
            while (reader.Next(out var number))
            {
                if ((_mask & (1UL << number)) == 0)
                {
                    continue;
                }

                for (var i = 0; i < _terms.Length; i++)
                {
                    if (_terms[i].Number == number)
                    {
                        counts[i]++;
                        break;
                    }
                }
            }

            return at;
        }
    }
}
