using Sophia.Gpu.Devices;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Shards;

/// <summary>Several searches at once: the vectors are read once for all that look at every one of them.</summary>
internal sealed partial class HostShard
{
    /// <summary>A filtered search goes with the others when at least one in so many vectors passes.</summary>
    private const int LeastShare = 4;

    public IReadOnlyList<ShardAnswer> Search(IReadOnlyList<ShardQuery> queries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queries);
        return Together(queries, i => Join(queries[i], null, cancellationToken), Finish, i => Search(queries[i], cancellationToken), cancellationToken);
    }

    public IReadOnlyList<PartAnswer> Ask(IReadOnlyList<PartCall> calls, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(calls);
        return Together(
            calls, i => calls[i].Kind == PartKind.Candidates ? Join(calls[i].Query, calls[i], cancellationToken) : null, FinishPart, i => Ask(calls[i], cancellationToken), cancellationToken);
    }

    /// <summary>Those that scan all vectors, or a good part of them, in one scan, unless so much changed meanwhile that they must be made again.</summary>
    /// <param name="join">Null for one that is made alone.</param>
    /// <param name="finish">Null when it must be made again, alone.</param>
    private TAnswer[] Together<TAsked, TAnswer>(
        IReadOnlyList<TAsked> asked, Func<int, Joined?> join, Func<Joined, CancellationToken, TAnswer?> finish, Func<int, TAnswer> alone, CancellationToken cancellationToken)
        where TAnswer : class
    {
        if (asked.Count == 1)
        {
            return [alone(0)];
        }

        var answers = new TAnswer?[asked.Count];
        var parallel = new ParallelOptions { CancellationToken = cancellationToken };
        if (_vectors is not null)
        {
            var joined = new Joined?[asked.Count];
            try
            {
                SideBySide.For(asked.Count, parallel, i => joined[i] = join(i));
                int[] several = [.. Enumerable.Range(0, asked.Count).Where(i => joined[i] is not null)];
                if (several.Length > 1)
                {
                    // Taken after all have begun: what changed since each began is looked at again when it ends.
                    using (var pages = TakePages())
                    {
                        ScanTogether(pages, [.. several.Select(i => joined[i]!)], cancellationToken);
                    }

                    SideBySide.For(several.Length, parallel, i => answers[several[i]] = finish(joined[several[i]]!, cancellationToken));
                }
            }
            finally
            {
                foreach (var one in joined)
                {
                    one?.Prepared.Dispose();
                }
            }
        }

        SideBySide.For(asked.Count, parallel, i => answers[i] ??= alone(i));
        return answers!;
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
    /// <param name="call">Where the search is a part of one over several shards.</param>
    private Joined? Join(ShardQuery query, PartCall? call, CancellationToken cancellationToken)
    {
        if (query.Mode == SearchMode.Lexical || query.Vector is not { } vector || vector.Length != _dimensions)
        {
            return null;
        }

        var corrections = new List<Correction>();
        var part = call is null ? null : PartOf(call);
        var words = part is not null ? part.Words : ReadWords(query, corrections, cancellationToken);
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
            var wanted = part?.Wanted ?? (LooksFurther(query) ? Math.Max(query.K * 4, 100) : query.K);
            // Also of few rows the margin is kept: what comes in during the scan may push out as many as went.
            var capacity = (int)Math.Min((long)wanted * (call?.Widening ?? 1), matching) + Margin;
            var joined = new Joined(query, words, _vectors!.Prepare(vector), wanted, capacity, new TopRows(capacity, _rows.Keys), new TopRows(capacity, _rows.Keys))
            {
                Part = part,
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

    /// <inheritdoc cref="Finish"/>
    private PartAnswer? FinishPart(Joined joined, CancellationToken cancellationToken) =>
        Finish(joined, cancellationToken) is { } answer ? AnswerOf(joined.Part!, answer) : null;

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
            if (part.Part is { } told)
            {
                Tell(told, part.Words, candidates);
                return new ShardAnswer([], part.Scanned, part.Matching) { FilterNotes = part.Notes };
            }

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
        /// <summary>Null unless it is a part of a search over several shards.</summary>
        public PartSearch? Part { get; init; }

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
