namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    /// <summary>How near each other the query's terms stand in documents. Good until the index changes; for one thread.</summary>
    public NearTerms Nearness(LexicalQuery query) => new(this, query);

    /// <summary>
    /// Two words of a query that stand beside each other in a document are mostly said of each other there, which BM25 does not see.
    /// Each pair of terms counts once, where it stands nearest: the smaller of the two terms' idf, divided by the words from one to the
    /// other. Parts of names, which stand beside the whole in any case, and words in place of misspelt ones do not count. Source: the
    /// dependence model of Metzler and Croft, "A Markov Random Field Model for Term Dependencies", SIGIR 2005, and the distances of
    /// Büttcher, Clarke and Lushman, "Term Proximity Scoring for Ad-Hoc Retrieval", SIGIR 2006.
    /// </summary>
    internal sealed class NearTerms
    {
        /// <summary>Words from one term to another that is still near.</summary>
        private const int Reach = 4;

        /// <summary>Of a longer query the first terms count.</summary>
        private const int MostTerms = 16;

        /// <summary>Of a longer document the first words are read: candidates are read while writers wait.</summary>
        private const int MostWords = 1 << 16;

        private readonly LexicalIndex _index;
        private readonly QueryTerms _terms;

        // By place among the terms that the index has: the place among those that count, or −1.
        private readonly int[] _counts;
        private readonly double[] _idfs;
        private readonly double[] _best;
        private readonly int _count;

        public NearTerms(LexicalIndex index, LexicalQuery query)
        {
            _index = index;
            _terms = index.TermsOf(query);
            _counts = new int[_terms.Found.Length];
            _idfs = new double[MostTerms];
            Array.Fill(_counts, -1);

            // Not the first that this index has: another one has others of the first.
            for (int i = 0, found = 0; i < Math.Min(query.Terms.Count, MostTerms); i++)
            {
                if (found < _counts.Length && query.Terms[i] == _terms.Found[found].Text)
                {
                    if (query.Weights[i] >= 1)
                    {
                        _idfs[_count] = _terms.Found[found].Idf;
                        _counts[found] = _count++;
                    }

                    found++;
                }
            }

            _best = new double[_count * _count];
        }

        /// <returns>In BM25's measure, 0 where no two terms are near each other.</returns>
        public double Score(int document)
        {
            if (_count < 2)
            {
                return 0;
            }

            Array.Clear(_best);
            Span<(int Place, int Term)> last = stackalloc (int, int)[Reach];
            last.Fill((-Reach - 1, 0));
            double score = 0;
            var reader = _index.Read(document);
            for (int place = 0, seen = 0; place < MostWords && reader.Next(out var number); place++)
            {
                if (_terms.Find(number) is not (>= 0 and var found) || _counts[found] is not (>= 0 and var term))
                {
                    continue;
                }

                foreach (var (before, other) in last)
                {
                    if (other != term && place - before <= Reach)
                    {
                        score += Gain(Math.Min(term, other), Math.Max(term, other), place - before);
                    }
                }

                last[seen++ % Reach] = (place, term);
            }

            return score;
        }

        private double Gain(int a, int b, int words)
        {
            var near = Math.Min(_idfs[a], _idfs[b]) / words;
            ref var best = ref _best[(a * _count) + b];
            var gain = Math.Max(0, near - best);
            best += gain;
            return gain;
        }
    }
}
