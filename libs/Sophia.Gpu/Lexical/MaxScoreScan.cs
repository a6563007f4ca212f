using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    /// <summary>
    /// The best documents of a few posting lists, exactly, without reading all of them.
    /// <list type="number">
    /// <item>Lists are ordered by what a posting of theirs can add at most. Those that, all together, cannot lift a
    /// document over the worst that is kept are not essential: a document in none but these is no hit.</item>
    /// <item>The essential lists are added up in windows of 4,096 documents. Blocks of them that cannot reach the worst
    /// kept, whatever the other lists add, are passed over.</item>
    /// <item>Only for documents that can still reach it, the other lists are looked into, the strongest first, and there only
    /// into the blocks where such documents can be.</item>
    /// <item>After each window the worst kept is better, and more lists may have become inessential.</item>
    /// <item>Long lists are divided among the processors by ranges of documents. The parts tell each other the worst that they keep:
    /// what is below it in one part is not among the best of all.</item>
    /// </list>
    /// Bounds carry a millionth of a millionth for rounding; documents are only ever left out below it.
    /// Sources: Turtle, Flood, "Query evaluation: strategies and optimizations", 1995 (MaxScore); Ding, Suel, "Faster top-k
    /// document retrieval using block-max indexes", SIGIR 2011; the windows are those of Apache Lucene's bulk scorer.
    /// </summary>
    private sealed class MaxScoreScan
    {
        private const int Window = 4096;
        private const double Rounding = 1 + 1e-12;

        [ThreadStatic]
        private static MaxScoreScan? t_free;

        private readonly double[] _sums = new double[Window];
        private readonly int[] _candidates = new int[Window];
        private readonly double[] _scores = new double[Window];
        private Cursor[] _cursors = new Cursor[8];
        private double[] _bounds = new double[9];

        private int _end;
        private Reached _reached = new();

        public static void Run(LexicalIndex index, QueryTerms terms, RowSet? rows, TopRows top, CancellationToken cancellationToken)
        {
            var reached = new Reached();
            var parts = (int)Math.Clamp(index.PostingsOf(terms) / index.PostingsAPart, 1, Environment.ProcessorCount);
            if (parts == 1)
            {
                RunPart(index, terms, 0, int.MaxValue, reached, rows, top, cancellationToken);
                return;
            }

            var tops = new TopRows[parts];
            var step = (index._inverted / parts) + 1;
            Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = parts, CancellationToken = cancellationToken }, part =>
            {
                tops[part] = top.Another();
                RunPart(index, terms, part * step, part == parts - 1 ? int.MaxValue : (part + 1) * step, reached, rows, tops[part], cancellationToken);
            });
            foreach (var part in tops)
            {
                top.TakeIn(part);
            }
        }

        /// <summary>Of the documents from one number to before another.</summary>
        private static void RunPart(
            LexicalIndex index, QueryTerms terms, int from, int end, Reached reached, RowSet? rows, TopRows top, CancellationToken cancellationToken)
        {
            var scan = t_free ?? new MaxScoreScan();
            t_free = null;
            (scan._end, scan._reached) = (end, reached);
            var bm25 = terms.Bm25;
            var lists = scan.Open(index, terms.Found, in bm25, from);
            if (lists > 0)
            {
                scan.Run(index, in bm25, lists, rows, top, cancellationToken);
            }

            t_free = scan;
        }

        private int Open(LexicalIndex index, ReadOnlySpan<QueryTerm> terms, in Bm25 bm25, int from)
        {
            if (_cursors.Length < terms.Length)
            {
                _cursors = new Cursor[terms.Length];
                _bounds = new double[terms.Length + 1];
            }

            var lists = 0;
            foreach (ref readonly var term in terms)
            {
                if (term.Number < index._postings.Length && index._postings[term.Number].Count > 0)
                {
                    _cursors[lists] = Cursor.Open(index, in term, in bm25);
                    _cursors[lists++].MoveTo(index, from);
                }
            }

            _cursors.AsSpan(0, lists).Sort(static (a, b) => a.Bound.CompareTo(b.Bound));
            _bounds[0] = 0;
            for (var i = 0; i < lists; i++)
            {
                _bounds[i + 1] = _bounds[i] + _cursors[i].Bound;
            }

            return lists;
        }

        private void Run(LexicalIndex index, in Bm25 bm25, int lists, RowSet? rows, TopRows top, CancellationToken cancellationToken)
        {
            var essential = 0;
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var worst = Math.Max(top.Worst, _reached.Worst);
                while (essential < lists && _bounds[essential + 1] * Rounding < worst)
                {
                    essential++;
                }

                var start = int.MaxValue;
                foreach (ref readonly var cursor in _cursors.AsSpan(essential, lists - essential))
                {
                    start = Math.Min(start, cursor.Document);
                }

                if (start >= _end)
                {
                    return;
                }

                for (var i = essential; i < lists; i++)
                {
                    var others = _bounds[lists] - _cursors[i].Bound;
                    _cursors[i].AddUp(index, in bm25, _sums, start, _end, worst, others);
                }

                var count = Gather(index, rows, start, _bounds[essential], worst);
                for (var i = essential - 1; i >= 0 && count > 0; i--)
                {
                    count = Complete(index, in bm25, i, count, worst);
                }

                for (var i = 0; i < count; i++)
                {
                    var row = index._documents[_candidates[i]].Row;
                    if (_scores[i] * Rounding >= top.Worst && row >= 0)
                    {
                        top.Offer(row, _scores[i]);
                    }
                }

                _reached.Raise(top.Worst);
            }
        }

        /// <summary>Takes the documents out of the window that pass and can still reach the worst kept; clears it.</summary>
        private int Gather(LexicalIndex index, RowSet? rows, int start, double rest, double worst)
        {
            var count = 0;
            for (var i = 0; i < Window; i += Vector256<double>.Count)
            {
                ref var first = ref Unsafe.Add(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(_sums), i);
                if (Vector256.LoadUnsafe(ref first) == Vector256<double>.Zero)
                {
                    continue;
                }

                for (var j = i; j < i + Vector256<double>.Count; j++)
                {
                    var sum = _sums[j];
                    if (sum > 0 && (sum + rest) * Rounding >= worst && (rows is null || rows.Contains(index._documents[start + j].Row)))
                    {
                        _candidates[count] = start + j;
                        _scores[count++] = sum;
                    }

                    _sums[j] = 0;
                }
            }

            return count;
        }

        /// <summary>The best of the worst kept that any part has come to; it holds for all.</summary>
        private sealed class Reached
        {
            private double _worst = double.NegativeInfinity;

            public double Worst => Volatile.Read(ref _worst);

            public void Raise(double worst)
            {
                // Of two that write at once the lower may stay: then more is looked at than was needed.
                if (worst > Worst)
                {
                    Volatile.Write(ref _worst, worst);
                }
            }
        }

        /// <summary>Adds one of the lists that are not essential to the candidates; keeps those that can still reach the worst kept.</summary>
        private int Complete(LexicalIndex index, in Bm25 bm25, int list, int count, double worst)
        {
            ref var cursor = ref _cursors[list];
            var kept = 0;
            for (var i = 0; i < count; i++)
            {
                var (document, score) = (_candidates[i], _scores[i]);
                if ((score + _bounds[list + 1]) * Rounding < worst)
                {
                    continue;
                }

                score += cursor.ScoreAt(index, in bm25, document);
                _candidates[kept] = document;
                _scores[kept++] = score;
            }

            return kept;
        }
    }
}
