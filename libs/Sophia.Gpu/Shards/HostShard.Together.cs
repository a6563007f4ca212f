using Sophia.Gpu.Devices;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>Several searches at once: the vectors are read once for all that look at every one of them.</summary>
internal sealed partial class HostShard
{
    /// <summary>A filtered search goes with the others when at least one in so many vectors passes.</summary>
    private const int LeastShare = 4;

    public IReadOnlyList<ShardAnswer> Search(IReadOnlyList<ShardQuery> queries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queries);
        var answers = new ShardAnswer?[queries.Count];
        if (_vectors is not null && queries.Count > 1)
        {
            SearchTogether(queries, answers, cancellationToken);
        }

        if (queries.Count == 1)
        {
            return [Search(queries[0], cancellationToken)];
        }

        SideBySide.For(queries.Count, new ParallelOptions { CancellationToken = cancellationToken }, i => answers[i] ??= Search(queries[i], cancellationToken));
        return answers!;
    }

    /// <summary>Answers those that scan all vectors, or a good part of them, unless so much changed meanwhile that they must be made again.</summary>
    private void SearchTogether(IReadOnlyList<ShardQuery> queries, ShardAnswer?[] answers, CancellationToken cancellationToken)
    {
        var parts = new Joined?[queries.Count];
        var parallel = new ParallelOptions { CancellationToken = cancellationToken };
        try
        {
            SideBySide.For(queries.Count, parallel, i => parts[i] = Join(queries[i], cancellationToken));
            var joined = Enumerable.Range(0, queries.Count).Where(i => parts[i] is not null).ToArray();
            if (joined.Length < 2)
            {
                return;
            }

            // Taken after all have begun: what changed since each began is looked at again when it ends.
            using (var pages = TakePages())
            {
                ScanTogether(pages, [.. joined.Select(i => parts[i]!)], cancellationToken);
            }

            SideBySide.For(joined.Length, parallel, i => answers[joined[i]] = Finish(parts[joined[i]]!, cancellationToken));
        }
        finally
        {
            foreach (var part in parts)
            {
                part?.Prepared.Dispose();
            }
        }
    }

    /// <summary>By the devices, and what they leave by the processor.</summary>
    private void ScanTogether(VectorPages.Lease pages, Joined[] parts, CancellationToken cancellationToken)
    {
        if (_device is not null)
        {
            var answered = _device.TryScan(pages, [.. parts.Select(static p => new DeviceQuery(p.Prepared, p.Slots, p.VectorTop, p.Capacity))], cancellationToken);
            parts = [.. parts.Where((_, i) => !answered[i])];
        }

        foreach (var few in parts.Where(p => !IsWorthAll(p)))
        {
            VectorScan.Run(pages, few.Prepared, few.Slots, few.VectorTop, few.Capacity, cancellationToken);
        }

        parts = [.. parts.Where(IsWorthAll)];
        if (parts.Length > 0)
        {
            BatchScan.Run(
                pages, Array.ConvertAll(parts, static p => p.Prepared), Array.ConvertAll(parts, p => DeviceQuery.BitsOf(p.Slots, pages.Used)),
                Array.ConvertAll(parts, static p => (int)p.Scanned), Array.ConvertAll(parts, static p => p.Capacity), Array.ConvertAll(parts, static p => p.VectorTop),
                cancellationToken);
        }
    }

    // A row costs a scan of many queries a fifth to a third of what it costs the scan of one, which goes to those alone that pass.
    private static bool IsWorthAll(Joined part) => part.Slots is null || part.Scanned * LeastShare >= part.Stored;

    /// <summary>Null for a search that looks at few vectors, or none.</summary>
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
            if (_rows.Count == 0 || words is { Required.Count: > 0 })
            {
                return null;
            }

            var filtered = RowsOf(filter, cancellationToken);
            var slots = filtered is null ? default(ReadOnlyMemory<int>?) : filtered.SlotsIn(_rows);
            if (filtered is { Count: 0 } || slots is { Length: 0 } || (slots is { } few && _device is null && (long)few.Length * LeastShare < _vectors!.Count))
            {
                return null;
            }

            var matching = filtered?.Count ?? _rows.Count;
            var wanted = LooksFurther(query) ? Math.Max(query.K * 4, 100) : query.K;
            // Also of few rows the margin is kept: what comes in during the scan may push out as many as went.
            var capacity = Math.Min(wanted, matching) + Margin;
            var joined = new Joined(query, words, _vectors!.Prepare(vector), wanted, capacity, new TopRows(capacity, _rows.Keys), new TopRows(capacity, _rows.Keys))
            {
                Version = _changes.Version, Matching = matching, Scanned = slots?.Length ?? _vectors.Count, Stored = _vectors.Count, Corrections = corrections,
                Slots = slots, Passing = filtered?.Set, Notes = filtered?.Notes ?? [],
            };
            if (words is { IsEmpty: false })
            {
                _lexical.Search(words, filtered?.Set, filtered is null ? default : _rows.Documents, joined.LexicalTop, cancellationToken);
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
    private ShardAnswer? Finish(Joined part, CancellationToken cancellationToken)
    {
        _lock.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            RequireIntact(part.VectorTop);
            var filter = new RowFilter(_rows, part.Query.Filter, part.Query.Now);
            var candidates = new List<Candidate>(part.LexicalTop.Count + part.VectorTop.Count);
            if (Collect(part.Words, part.Prepared, filter, part.Version, part.LexicalTop, part.VectorTop, candidates) > Margin)
            {
                return null;
            }

            var phrased = AddSpokenOf(part.Query, part.Words, part.Prepared, filter, part.Passing, candidates, cancellationToken);
            var hits = Rank(
                part.Query, part.Words, part.Prepared, filter, candidates, phrased, part.Wanted, wasCut: part.Capacity < part.Matching, twins: null, cancellationToken, out var isShort);
            return isShort ? null : new ShardAnswer(hits, part.Scanned, part.Matching)
            {
                Corrections = part.Corrections, FilterNotes = part.Notes, Phrases = TextsOf(part.Words),
            };
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

        /// <summary>Vectors in the shard.</summary>
        public long Stored { get; init; }

        /// <summary>Those that pass the filter; null for all.</summary>
        public ReadOnlyMemory<int>? Slots { get; init; }

        /// <summary>Rows that passed the filter; null for all.</summary>
        public RowSet? Passing { get; init; }

        public required IReadOnlyList<FilterNote> Notes { get; init; }

        public required IReadOnlyList<Correction> Corrections { get; init; }
    }
}
