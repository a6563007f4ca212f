using Sophia.Gpu.Lexical;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>Several searches at once: the vectors are read once for all that look at every one of them.</summary>
internal sealed partial class HostShard
{
    public IReadOnlyList<ShardAnswer> Search(IReadOnlyList<ShardQuery> queries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queries);
        var answers = new ShardAnswer?[queries.Count];
        // A GPU scans one query at a time.
        if (_device is null && _vectors is not null && queries.Count > 1)
        {
            SearchTogether(queries, answers, cancellationToken);
        }

        if (queries.Count == 1)
        {
            return [Search(queries[0], cancellationToken)];
        }

        Parallel.For(0, queries.Count, new ParallelOptions { CancellationToken = cancellationToken }, i => answers[i] ??= Search(queries[i], cancellationToken));
        return answers!;
    }

    /// <summary>Answers those that scan all vectors, unless so much changed meanwhile that they must be made again.</summary>
    private void SearchTogether(IReadOnlyList<ShardQuery> queries, ShardAnswer?[] answers, CancellationToken cancellationToken)
    {
        var parts = new Joined?[queries.Count];
        var parallel = new ParallelOptions { CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, queries.Count, parallel, i => parts[i] = Join(queries[i], cancellationToken));
            var joined = Enumerable.Range(0, queries.Count).Where(i => parts[i] is not null).ToArray();
            if (joined.Length < 2)
            {
                return;
            }

            // Taken after all have begun: what changed since each began is looked at again when it ends.
            using (var pages = TakePages())
            {
                BatchScan.Run(
                    pages, Array.ConvertAll(joined, i => parts[i]!.Prepared), Array.ConvertAll(joined, i => parts[i]!.Capacity),
                    Array.ConvertAll(joined, i => parts[i]!.VectorTop), cancellationToken);
            }

            Parallel.ForEach(joined, parallel, i => answers[i] = Finish(parts[i]!));
        }
        finally
        {
            foreach (var part in parts)
            {
                part?.Prepared.Dispose();
            }
        }
    }

    /// <summary>Null for a search that does not look at every vector.</summary>
    private Joined? Join(ShardQuery query, CancellationToken cancellationToken)
    {
        if (query.Mode == SearchMode.Lexical || query.Vector is not { } vector || vector.Length != _dimensions)
        {
            return null;
        }

        var corrections = new List<Correction>();
        var words = ReadWords(query, corrections, cancellationToken);
        _lock.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var filter = new RowFilter(_rows, query.Filter, query.Now);
            if (_rows.Count == 0 || !filter.PassesAll || words is { Phrases.Count: > 0 })
            {
                return null;
            }

            var wanted = LooksFurther(query) ? Math.Max(query.K * 4, 100) : query.K;
            var capacity = Math.Min(wanted + Margin, _rows.Count);
            var joined = new Joined(query, words, _vectors!.Prepare(vector), wanted, capacity, new TopRows(capacity, _rows.Keys), new TopRows(capacity, _rows.Keys))
            {
                Version = _changes.Version, Matching = _rows.Count, Scanned = _vectors.Count, Corrections = corrections,
            };
            if (words is { IsEmpty: false })
            {
                _lexical.Search(words, null, default, joined.LexicalTop, cancellationToken);
            }

            return joined;
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }

    private VectorPages.Lease TakePages()
    {
        _lock.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _vectors!.Take();
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }

    /// <summary>Null when it must be made again, alone.</summary>
    private ShardAnswer? Finish(Joined part)
    {
        _lock.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var filter = new RowFilter(_rows, part.Query.Filter, part.Query.Now);
            var candidates = new List<Candidate>(part.LexicalTop.Count + part.VectorTop.Count);
            if (Collect(part.Words, part.Prepared, filter, part.Version, part.LexicalTop, part.VectorTop, candidates) > Margin)
            {
                return null;
            }

            var hits = Rank(
                part.Query, part.Words, part.Prepared, filter, candidates, part.Wanted, wasCut: part.Capacity < part.Matching, out var isShort);
            return isShort ? null : new ShardAnswer(hits, part.Scanned, part.Matching) { Corrections = part.Corrections };
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }

    /// <summary>A search between its beginning and its end.</summary>
    private sealed record Joined(
        ShardQuery Query, LexicalQuery? Words, PreparedQuery Prepared, int Wanted, int Capacity, TopRows LexicalTop, TopRows VectorTop)
    {
        public long Version { get; init; }

        public long Matching { get; init; }

        public long Scanned { get; init; }

        public required IReadOnlyList<Correction> Corrections { get; init; }
    }
}
