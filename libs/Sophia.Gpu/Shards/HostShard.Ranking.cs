using Sophia.Gpu.Lexical;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// From candidates to hits: what neighbours, dates, age and importance add, which near-duplicates are folded, and what
/// stands around each hit. Called under the read lock.
/// </summary>
internal sealed partial class HostShard
{
    /// <summary>So many of the best by themselves bring the rows around them into play.</summary>
    private const int NeighbourSeeds = 32;

    /// <summary>The share of the best own score that a record gains whose nearness is as much as the best BM25.</summary>
    private const double NearnessWeight = 0.1;

    private const string ImportanceName = "importance";

    /// <summary>True when the order is not that of words and vector alone, so that more candidates than hits are needed.</summary>
    private bool LooksFurther(ShardQuery query) =>
        query.Mode == SearchMode.Hybrid || query.Recency is not null || query.Importance > 0 || query.Dates.Count > 0 ||
        (query.Neighbours && _conversations.Count > 0);

    /// <summary>True when near-duplicates are folded in the order of their cosines.</summary>
    private bool IsByVectorAlone(ShardQuery query) => query is { Fold: true, Mode: SearchMode.Vector } && !LooksFurther(query);

    /// <param name="phrased">Rows with each phrase that raises.</param>
    /// <param name="wasCut">There were more candidates than were looked at.</param>
    /// <param name="twins">Takes in what was looked at, where the search must be made again.</param>
    /// <param name="isShort">Fewer hits than asked for, since near-duplicates took the places of candidates that are not known.</param>
    private List<ShardHit> Rank(
        ShardQuery query, LexicalQuery? words, PreparedQuery? vector, RowFilter filter, List<Candidate> candidates, RowSet[] phrased, int partCandidates,
        bool wasCut, Twins? twins, CancellationToken cancellationToken, out bool isShort)
    {
        var fusion = new Fusion(_vectorWeight);
        var turns = query.Neighbours && _conversations.Count > 0 && words is { IsEmpty: false } ? _lexical.Windows(words) : null;
        foreach (var candidate in candidates)
        {
            MeasureAsTurn(candidate, turns);
        }

        var best = fusion.Fuse(candidates, query.Mode, partCandidates);
        if (query.Neighbours && _conversations.Count > 0)
        {
            AddNeighbours(query, words, vector, turns, filter, candidates, fusion);
            foreach (var candidate in candidates)
            {
                MeasureWindow(candidate, turns, filter);
            }

            Surroundings.Lend(_conversations, candidates, best, hasWindows: turns is not null);
        }

        if (words is { Required.Count: > 0 })
        {
            // Neighbours came without being asked for them.
            candidates.RemoveAll(candidate => !HasRequired(words, candidate.Row));
        }

        // Where the order is that of words alone, no more candidates are known than are asked for.
        if (words is not null && partCandidates > query.K)
        {
            AddNearness(words, candidates, best, cancellationToken);
        }

        var dateWeight = DateWeightOf(query, words, candidates);
        var telling = query.Neighbours && words is not null && _conversations.Count > 0 ? new Telling(query.Text ?? "", _analyzer) : null;
        foreach (var candidate in candidates)
        {
            if (query.Neighbours && words is not null && IsNamed(candidate.Row, words))
            {
                candidate.Add(new ScorePart(Speakers.PartName, 1, 0, Speakers.Weight * best));
            }

            if (telling is not null && _conversations.IsTurn(candidate.Row))
            {
                telling.AddTo(candidate, _rows[candidate.Row].Traits, best);
            }

            AddFactors(query, phrased, dateWeight, candidate, best);
            candidate.Sum();
        }

        Fusion.Sort(candidates);
        var folding = query.Fold ? new Folding(_rows, CosineOf) : null;
        var hits = Choose(query, words, candidates, filter, folding);
        isShort = folding is { Count: > 0 } && hits.Count < query.K && wasCut;
        if (isShort)
        {
            folding!.Tell(twins);
        }

        return hits;
    }

    /// <summary>The rows around the best candidates, which may have no word of the query themselves.</summary>
    private void AddNeighbours(
        ShardQuery query, LexicalQuery? words, PreparedQuery? vector, LexicalIndex.WindowScores? turns, RowFilter filter,
        List<Candidate> candidates, Fusion fusion)
    {
        candidates.Sort(static (a, b) => b.OwnScore != a.OwnScore ? b.OwnScore.CompareTo(a.OwnScore) : string.CompareOrdinal(a.Key, b.Key));
        var known = new HashSet<int>(candidates.Count * 2);
        foreach (var candidate in candidates)
        {
            known.Add(candidate.Row);
        }

        var bestLexical = Fusion.BestLexical(candidates);
        var seeds = Math.Min(NeighbourSeeds, candidates.Count);
        for (var i = 0; i < seeds; i++)
        {
            var rows = _conversations.Around(candidates[i].Row, out var at);
            for (var place = Math.Max(0, at - Surroundings.Reach); place < rows.Length && place <= at + Surroundings.Reach; place++)
            {
                if (known.Add(rows[place].Row) && filter.Passes(rows[place].Row))
                {
                    var neighbour = CandidateOf(rows[place].Row, words, vector);
                    MeasureAsTurn(neighbour, turns);
                    fusion.Contribute(neighbour, query.Mode, bestLexical);
                    candidates.Add(neighbour);
                }
            }
        }
    }

    /// <summary>A turn's own BM25 with the length normalisation of turns.</summary>
    private void MeasureAsTurn(Candidate candidate, LexicalIndex.WindowScores? turns)
    {
        if (turns is not null && candidate.Lexical is not null && _conversations.IsTurn(candidate.Row))
        {
            candidate.Lexical = turns.Score([_rows.Documents[candidate.Row]], Surroundings.TurnB, out _);
        }
    }

    private void MeasureWindow(Candidate candidate, LexicalIndex.WindowScores? turns, RowFilter filter)
    {
        if (turns is null || !_conversations.IsTurn(candidate.Row))
        {
            return;
        }

        Span<int> documents = stackalloc int[(2 * Surroundings.WindowReach) + 1];
        var count = 0;
        var rows = _conversations.Around(candidate.Row, out var at);
        for (var place = Math.Max(0, at - Surroundings.WindowReach); place < rows.Length && place <= at + Surroundings.WindowReach; place++)
        {
            if (place == at || filter.Passes(rows[place].Row))
            {
                documents[count++] = _rows.Documents[rows[place].Row];
            }
        }

        var score = turns.Score(documents[..count], Surroundings.WindowB, out var matched);
        candidate.Window = score * CoverageOf(candidate.Row, matched, turns.Terms);
    }

    private void AddNearness(LexicalQuery words, List<Candidate> candidates, double best, CancellationToken cancellationToken)
    {
        // Measured by the best BM25, which hardly depends on how many candidates there are (among turns, which are scored anew, a little).
        var (near, bestLexical) = (_lexical.Nearness(words), Fusion.BestLexical(candidates));
        foreach (var candidate in candidates)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (candidate.Lexical is not null && Math.Min(1, near.Score(_rows.Documents[candidate.Row]) / bestLexical) is > 0 and var share)
            {
                candidate.Add(new ScorePart("proximity", share, 0, NearnessWeight * best * share));
            }
        }
    }

    /// <summary>It was said by somebody whom the query names.</summary>
    private bool IsNamed(int row, LexicalQuery words) => _given is { } given ? given.IsNamed(row) : _speakers.IsNamed(row, words);

    private void AddFactors(ShardQuery query, RowSet[] phrased, double dateWeight, Candidate candidate, double best)
    {
        Raise(query, phrased, dateWeight, candidate, best);
        var time = TimeOf(candidate.Row);
        if (query.Recency is { } recency)
        {
            var age = Math.Max(0, query.Now.UtcTicks - time);
            var freshness = Math.Pow(2, -(double)age / recency.HalfLife.Ticks);
            candidate.Add(new ScorePart("recency", freshness, 0, recency.Weight * best * freshness));
        }

        if (query.Importance > 0 && ImportanceOf(candidate.Row) is { } importance)
        {
            candidate.Add(new ScorePart(ImportanceName, importance, 0, query.Importance * best * importance));
        }
    }

    private List<ShardHit> Choose(ShardQuery query, LexicalQuery? words, List<Candidate> candidates, RowFilter filter, Folding? folding)
    {
        var chosen = new List<Candidate>(Math.Min(query.K, candidates.Count));
        foreach (var candidate in candidates)
        {
            if (folding is null || !folding.TryFold(candidate))
            {
                chosen.Add(candidate);
            }

            if (chosen.Count == query.K)
            {
                break;
            }
        }

        folding?.NameTwins(chosen.Count == query.K ? chosen[^1] : null);
        var hits = new List<ShardHit>(chosen.Count);
        for (var i = 0; i < chosen.Count; i++)
        {
            var terms = chosen[i].Lexical is null ? [] : _lexical.TermsIn(words!, _rows.Documents[chosen[i].Row]);
            var hit = Fusion.ToHit(chosen[i], terms) with { Folded = folding?.Of(i) ?? [] };
            hits.Add(query.Context == 0 ? hit : hit with
            {
                Before = Beside(chosen[i].Row, -1, query.Context, filter),
                After = Beside(chosen[i].Row, +1, query.Context, filter),
            });
        }

        return hits;
    }

    private NeighbourKey[] Beside(int row, int step, int count, RowFilter filter)
    {
        var rows = _conversations.Around(row, out var at);
        var found = new List<NeighbourKey>(count);
        for (var place = at + step; (uint)place < (uint)rows.Length && found.Count < count; place += step)
        {
            var other = rows[place].Row;
            if (filter.Passes(other))
            {
                found.Add(new NeighbourKey(_rows.Keys[other]!, _rows[other].Sequence));
            }
        }

        if (step < 0)
        {
            found.Reverse();
        }

        return [.. found];
    }

    /// <param name="cosine">Where it is known.</param>
    private Candidate CandidateOf(int row, LexicalQuery? words, PreparedQuery? vector, double? cosine = null)
    {
        ref readonly var at = ref _rows[row];
        var matched = 0;
        double? lexical = words is { IsEmpty: false } && _lexical.Score(words, _rows.Documents[row], out matched) is var score && matched > 0
            ? score : null;
        return new Candidate(row, _rows.Keys[row]!, at.Id, at.Sequence)
        {
            Lexical = lexical,
            Coverage = lexical is null ? 1 : CoverageOf(row, matched, words!.Terms.Count),
            Cosine = cosine is { } known ? Math.Clamp(known, -1, 1)
                : _given is { } given ? given.CosineOf(row)
                : vector is not null && at.Vector != RowTable.NoVector
                ? Math.Clamp(DotProduct.Exact(vector.Floats, _vectors!.Checked(at.Vector)), -1, 1) : null,
        };
    }

    /// <summary>A turn is short: how many of the query's terms it has tells more than how rare one of them is.</summary>
    private double CoverageOf(int row, int matched, int terms) =>
        _conversations.IsTurn(row) ? Math.Min(1, matched / (double)terms) : 1;

    private double? ImportanceOf(int row)
    {
        var name = _rows.Names.Find(ImportanceName);
        foreach (ref readonly var cell in _rows[row].Attributes.AsSpan())
        {
            if (cell.Name == name && cell.Kind == CellKind.Number)
            {
                return Math.Clamp(cell.Number, 0, 1);
            }
        }

        return null;
    }
}
