using Sophia.Gpu.Lexical;
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

    /// <summary>The share that a record with all phrases of the query gains: what the best has by itself, so that they come first.</summary>
    private const double PhraseWeight = 1;

    private void AddSpokenOf(ShardQuery query, LexicalQuery? words, PreparedQuery? vector, RowFilter filter, List<Candidate> candidates)
    {
        if (query.Dates.Count == 0 && words is not { Wished.Count: > 0 })
        {
            return;
        }

        var known = candidates.Select(static candidate => candidate.Row).ToHashSet();
        if (query.Dates.Count > 0)
        {
            Add(Dated(query, filter, out var newest));
            Take(newest);
        }

        foreach (var phrase in words?.Wished ?? [])
        {
            var rows = _lexical.WithPhrases([phrase], null, _rows.Used, CancellationToken.None);
            foreach (var row in rows)
            {
                if (!filter.Passes(row))
                {
                    rows.Remove(row);
                }
            }

            Add(rows);
        }

        // The best of them by words.
        void Add(RowSet rows)
        {
            if (words is { IsEmpty: false })
            {
                var top = new TopRows(Math.Max(query.K, NeighbourSeeds), _rows.Keys);
                _lexical.Search(words, rows, _rows.Documents, top, CancellationToken.None);
                Take(top.Rows);
            }
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
    /// <param name="newest">As many as there may be hits.</param>
    private RowSet Dated(ShardQuery query, RowFilter filter, out int[] newest)
    {
        var dated = new RowSet(_rows.Used);
        var queue = new PriorityQueue<int, long>();
        for (var row = 0; row < _rows.Used; row++)
        {
            if (filter.Passes(row) && IsOf(query.Dates, row))
            {
                dated.Add(row);
                queue.Enqueue(row, TimeOf(row));
                if (queue.Count > query.K)
                {
                    queue.Dequeue();
                }
            }
        }

        newest = [.. queue.UnorderedItems.Select(static item => item.Element)];
        return dated;
    }

    private void AddSpokenOf(ShardQuery query, LexicalQuery? words, Candidate candidate, double best)
    {
        if (IsOf(query.Dates, candidate.Row))
        {
            candidate.Add(new ScorePart("date", 1, 0, DateWeight * best));
        }

        if (words is { Wished.Count: > 0 } && ShareOf(words.Wished, candidate.Row) is > 0 and var share)
        {
            candidate.Add(new ScorePart("phrase", share, 0, PhraseWeight * best * share));
        }
    }

    /// <summary>How many of the phrases the row has, of all.</summary>
    private double ShareOf(IReadOnlyList<LexicalQuery.Phrase> phrases, int row) =>
        phrases.Count(phrase => HasPhrases([phrase], row)) / (double)phrases.Count;

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
