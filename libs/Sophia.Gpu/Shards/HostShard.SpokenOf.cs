using Sophia.Gpu.Lexical;
using Sophia.Gpu.Text;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// What the query speaks of beside its words: times and phrases. Records of such a time or with such a phrase become candidates
/// even where many others have more in common with the query, and are raised. Called under the read lock.
/// </summary>
internal sealed partial class HostShard
{
    /// <summary>The share of the best own score that a record of a time which the query speaks of gains.</summary>
    private const double DateWeight = 0.3;

    /// <summary>The same where a time is all that the query says here: more than the best has by itself, so that its records come first.</summary>
    private const double DateAloneWeight = 1.3;

    /// <summary>The share that a record with all phrases of the query gains: more than the best has by itself, so that they come first.</summary>
    private const double PhraseWeight = 1.3;

    private const int RowsBetweenChecks = 4096;

    /// <param name="set">What the search looked at; null for all. What changed since is among the candidates.</param>
    /// <returns>By wished phrase: the rows that have it.</returns>
    private RowSet[] AddSpokenOf(
        ShardQuery query, LexicalQuery? words, PreparedQuery? vector, RowFilter filter, RowSet? set, List<Candidate> candidates, CancellationToken cancellationToken)
    {
        var wished = words?.Wished ?? [];
        if (query.Dates.Count == 0 && wished.Count == 0)
        {
            return [];
        }

        var most = Math.Max(query.K, NeighbourSeeds);
        var known = candidates.Select(static candidate => candidate.Row).ToHashSet();
        if (query.Dates.Count > 0)
        {
            var newest = new TopRows(query.K, _rows.Keys);
            TakeBest(Dated(query, words, filter, set, newest, cancellationToken));
            Take(newest.Rows);
        }

        var phrased = new RowSet[wished.Count];
        for (var i = 0; i < phrased.Length; i++)
        {
            phrased[i] = _lexical.WithPhrases([wished[i]], set, _rows.Used, cancellationToken);
            foreach (var row in phrased[i])
            {
                if (!filter.Passes(row) || !HasRequired(words, row))
                {
                    phrased[i].Remove(row);
                }
            }

            TakePhrased(phrased[i]);
        }

        if (phrased.Length > 1)
        {
            var all = phrased[0].Copy();
            foreach (var row in all)
            {
                if (!Array.TrueForAll(phrased, rows => rows.Contains(row)))
                {
                    all.Remove(row);
                }
            }

            TakePhrased(all);
        }

        return phrased;

        TopRows TakeBest(RowSet rows)
        {
            var top = new TopRows(most, _rows.Keys);
            if (words is { IsEmpty: false })
            {
                _lexical.Search(words, rows, _rows.Documents, top, cancellationToken);
                Take(top.Rows);
            }

            return top;
        }

        void TakePhrased(RowSet rows)
        {
            Take(OthersOf(rows, TakeBest(rows)).Rows);
            Take(BestByVector(vector, rows, most, cancellationToken).Rows);
        }

        void Take(ReadOnlySpan<int> rows)
        {
            foreach (var row in rows)
            {
                if (known.Add(row))
                {
                    candidates.Add(CandidateOf(row, words, vector));
                }
            }
        }
    }

    /// <summary>The rows of the times spoken of.</summary>
    /// <param name="set">Null for all.</param>
    /// <param name="newest">Takes the newest: as many as there may be hits, of the same time the first by their keys.</param>
    private RowSet Dated(ShardQuery query, LexicalQuery? words, RowFilter filter, RowSet? set, TopRows newest, CancellationToken cancellationToken)
    {
        var dated = new RowSet(_rows.Used);
        var left = RowsBetweenChecks;
        if (set is null)
        {
            for (var row = 0; row < _rows.Used; row++)
            {
                Look(row);
            }
        }
        else
        {
            foreach (var row in set)
            {
                Look(row);
            }
        }

        return dated;

        void Look(int row)
        {
            if (--left == 0)
            {
                left = RowsBetweenChecks;
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (!IsOf(query.Dates, row) || !filter.Passes(row) || !HasRequired(words, row))
            {
                return;
            }

            dated.Add(row);
            newest.Offer(row, TimeOf(row));
        }
    }

    /// <summary>A phrase of stop words stands in rows that have no other word of the query: the first of them, as many as there was room for.</summary>
    private TopRows OthersOf(RowSet rows, TopRows best)
    {
        var others = new TopRows(best.Room, _rows.Keys);
        if (best.Room > 0)
        {
            var known = best.Rows.ToArray().ToHashSet();
            foreach (var row in rows)
            {
                if (!known.Contains(row))
                {
                    others.Offer(row, 0);
                }
            }
        }

        return others;
    }

    private TopRows BestByVector(PreparedQuery? vector, RowSet rows, int capacity, CancellationToken cancellationToken)
    {
        var top = new TopRows(capacity, _rows.Keys);
        if (_given is { } given)
        {
            given.Offer(rows, top);
        }
        else if (vector is not null && SlotsOf(rows) is { Length: > 0 } slots)
        {
            using var pages = _vectors!.Take();
            VectorScan.Run(pages, vector, slots, top, capacity, cancellationToken);
            RequireIntact(top);
        }

        return top;
    }

    private void Raise(ShardQuery query, RowSet[] phrased, double dateWeight, Candidate candidate, double best)
    {
        if (IsOf(query.Dates, candidate.Row))
        {
            candidate.Add(new ScorePart("date", 1, 0, dateWeight * best));
        }

        var has = 0;
        foreach (var rows in phrased)
        {
            has += rows.Contains(candidate.Row) ? 1 : 0;
        }

        if (has > 0)
        {
            var share = has / (double)phrased.Length;
            candidate.Add(new ScorePart("phrase", share, 0, PhraseWeight * best * share));
        }
    }

    /// <summary>
    /// Of a query that has, beside a time, only words that no candidate has, cosines of the default embedder and words say nothing:
    /// "zebras last May". Words of which questions are made count only where they are not said in a turn: "what happened in August".
    /// </summary>
    private double DateWeightOf(ShardQuery query, LexicalQuery? words, List<Candidate> candidates)
    {
        if (query.Dates.Count == 0)
        {
            return DateWeight;
        }

        var ofDates = TermsOfDates(query, _analyzer);
        var (all, telling) = (new LexicalQuery(_analyzer, text: null) { Corpus = words?.Corpus }, new LexicalQuery(_analyzer, text: null) { Corpus = words?.Corpus });
        foreach (var term in (words ?? new LexicalQuery(_analyzer, query.Text)).Terms)
        {
            if (!ofDates.Contains(term))
            {
                all.Add(term, 1);
                if (!QuestionWords.Contains(term))
                {
                    telling.Add(term, 1);
                }
            }
        }

        // A model that knows meaning may know what no record says in these words.
        var isByMeaning = query.Mode == SearchMode.Vector || (query.Mode == SearchMode.Hybrid && _vectorWeight == Fusion.ModelVectorWeight);
        if (isByMeaning && !telling.IsEmpty)
        {
            return DateWeight;
        }

        return words is not null && candidates.Exists(candidate => Has(candidate.Row, _conversations.IsTurn(candidate.Row) ? telling : all)) ? DateWeight : DateAloneWeight;
    }

    private bool Has(int row, LexicalQuery words)
    {
        var matched = 0;
        return !words.IsEmpty && _rows.Documents[row] is not RowTable.NoDocument and var document && _lexical.Score(words, document, out matched) >= 0 && matched > 0;
    }

    /// <summary>The words by which the query speaks of times, as terms.</summary>
    private static HashSet<string> TermsOfDates(ShardQuery query, TextAnalyzer analyzer)
    {
        var terms = new HashSet<string>(StringComparer.Ordinal);
        if (query.Dates.Count > 0)
        {
            var words = new List<Word>();
            foreach (var date in query.Dates)
            {
                analyzer.Analyze(date.Text, words);
            }

            terms.UnionWith(words.Select(static word => word.Term));
        }

        return terms;
    }

    /// <summary>When the fact began to hold; else when the record was created. UTC ticks.</summary>
    private long TimeOf(int row) => _rows[row].ValidFrom != long.MinValue ? _rows[row].ValidFrom : _rows[row].Created;

    /// <summary>The record is of one of the times: it began then, or began before and held on.</summary>
    private bool IsOf(IReadOnlyList<DateMention> dates, int row)
    {
        var from = TimeOf(row);
        var to = _rows[row].ValidTo;
        for (var i = 0; i < dates.Count; i++)
        {
            var begins = dates[i].From.UtcTicks;
            if (from < dates[i].To.UtcTicks && (from >= begins || (to != long.MaxValue && to > begins)))
            {
                return true;
            }
        }

        return false;
    }
}
