using System.Runtime.InteropServices;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    /// <summary>BM25 of documents taken together. Good until the index changes.</summary>
    public WindowScores Windows(LexicalQuery query) => new(this, query);

    /// <summary>
    /// Scores several documents as if they were one text: their counts of a term add up before they saturate, so that a
    /// window in which the terms of a query are spread over neighbours beats one that repeats a single term. Terms weigh
    /// what they weigh in one document, those of which questions are made a quarter of it (<see cref="QuestionWords"/>). A document
    /// is read once, in however many windows it is.
    /// </summary>
    internal sealed class WindowScores
    {
        private readonly LexicalIndex _index;
        private readonly QueryTerms _terms;
        private readonly Dictionary<int, int> _countsAt = [];
        private readonly List<int> _counts = [];
        private readonly int[] _sums;
        private readonly double[] _idfs;
        private readonly int _documents;
        private readonly long _words;

        public WindowScores(LexicalIndex index, LexicalQuery query)
        {
            (_index, Terms) = (index, query.Terms.Count);
            (_documents, _words) = query.Corpus is { } corpus ? (corpus.Documents, corpus.Words) : (index.Count, index._words);
            _terms = index.TermsOf(query);
            _sums = new int[_terms.Found.Length];
            _idfs = new double[_sums.Length];
            for (var i = 0; i < _idfs.Length; i++)
            {
                _idfs[i] = _terms.Found[i].Idf * (QuestionWords.Contains(_terms.Found[i].Text) ? QuestionWords.Weight : 1);
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
                    score += bm25.Score(_idfs[i], _sums[i], length);
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
            _terms.Count(_index, document);
            CollectionsMarshal.SetCount(_counts, at + _sums.Length);
            _terms.Counts.CopyTo(CollectionsMarshal.AsSpan(_counts)[at..]);
            return at;
        }
    }
}
