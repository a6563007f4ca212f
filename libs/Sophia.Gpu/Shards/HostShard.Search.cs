using System.Runtime.InteropServices;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

internal sealed partial class HostShard
{
    /// <summary>
    /// More rows than asked for, from each part: rows may go or change while the scan runs, and the order is made from what
    /// is there at the end.
    /// </summary>
    private const int Margin = 16;
    private const int MostMargin = 1_024;

    /// <summary>Rows in files that each search compares with their sums, beside those that it finds: some microseconds.</summary>
    private const int CheckedWithEach = 4;

    public ShardAnswer Search(ShardQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(query.K, 1);
        if (query.Vector is { } vector && vector.Length != _dimensions)
        {
            throw new ArgumentException($"The query's vector has {vector.Length} components; the namespace has {_dimensions}.", nameof(query));
        }

        var twins = new Twins();
        for (var widening = 1; ; widening *= 4)
        {
            var answer = Search(query, widening, twins, out var isShort, cancellationToken);
            if (!isShort)
            {
                return answer;
            }
        }
    }

    private ShardAnswer Search(ShardQuery query, int widening, Twins twins, out bool isShort, CancellationToken cancellationToken)
    {
        // Under so many changes that no try without the lock succeeds, the last one holds up the writer.
        for (var margin = Margin; ; margin *= 8)
        {
            if (Search(query, widening, margin, holdingLock: margin > MostMargin, out isShort, cancellationToken, twins: twins) is { } answer)
            {
                return answer;
            }
        }
    }

    /// <summary>Null when so many rows changed meanwhile that some of the best may be missing (never while holding the lock).</summary>
    /// <param name="widening">How many times the usual number of candidates to look at.</param>
    /// <param name="isShort">Hits are missing that more candidates would give.</param>
    /// <param name="part">Where the search is a part of one over several shards; the answer then has no hits.</param>
    /// <param name="twins">Of what narrower searches looked at; takes in what this one looked at.</param>
    private ShardAnswer? Search(
        ShardQuery query, int widening, int margin, bool holdingLock, out bool isShort, CancellationToken cancellationToken, PartSearch? part = null,
        Twins? twins = null)
    {
        isShort = false;
        var corrections = new List<Correction>();
        var words = part is not null ? part.Words : ReadWords(query, corrections, cancellationToken);
        var vector = query.Mode == SearchMode.Lexical || _vectors is null ? null : query.Vector;
        PreparedQuery? prepared = null;
        _lock.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var filter = new RowFilter(_rows, query.Filter, query.Now);
            var filtered = RowsOf(filter, cancellationToken);
            var set = words is { Required.Count: > 0 } ? _lexical.WithPhrases(words.Required, filtered?.Set, _rows.Used, cancellationToken) : filtered?.Set;
            long matching = set is null ? _rows.Count : set == filtered?.Set ? filtered.Count : set.Count;
            var notes = filtered?.Notes ?? [];
            var version = _changes.Version;
            var wanted = part?.Wanted ?? _given?.Wanted ?? (LooksFurther(query) ? Math.Max(query.K * 4, 100) : query.K);
            var apart = IsByVectorAlone(query) ? twins?.Find(_rows, set, wanted * widening) : null;
            var left = matching - (apart?.Count ?? 0);
            set = apart?.Rest ?? set;
            // Also of few rows the margin is kept: what comes in during the scan may push out as many as went.
            var capacity = (int)Math.Min((long)wanted * widening, Math.Max(left, 1)) + margin;
            var keys = _rows.Keys;
            var lexicalTop = new TopRows(capacity, keys);
            if (words is { IsEmpty: false } && matching > 0)
            {
                _lexical.Search(words, set, _rows.Documents, lexicalTop, cancellationToken);
            }

            var vectorTop = new TopRows(capacity, keys);
            long scanned = 0;
            if (vector is not null && matching > 0)
            {
                prepared = _vectors!.Prepare(vector);
                ReadOnlyMemory<int>? slots = set is null ? default(ReadOnlyMemory<int>?) : set == filtered?.Set ? filtered.SlotsIn(_rows) : SlotsOf(set);
                using var pages = _vectors.Take();
                scanned = apart is null ? slots?.Length ?? _vectors.Count : slots!.Value.Length + apart.Count;
                if (!holdingLock)
                {
                    _lock.ExitReadLock();
                }

                try
                {
                    if (_device is null || !_device.TryScan(pages, prepared, slots, vectorTop, capacity, cancellationToken))
                    {
                        VectorScan.Run(pages, prepared, slots, vectorTop, capacity, cancellationToken);
                    }
                }
                finally
                {
                    if (!holdingLock)
                    {
                        _lock.EnterReadLock();
                    }
                }

                ObjectDisposedException.ThrowIf(_isDisposed, this);
                RequireIntact(vectorTop);
                if (_changes.Version != version)
                {
                    filter = new RowFilter(_rows, query.Filter, query.Now);
                }
            }

            _given?.Offer(set, vectorTop);
            var candidates = new List<Candidate>(lexicalTop.Count + vectorTop.Count);
            var gone = Collect(words, prepared, filter, version, lexicalTop, vectorTop, candidates);
            if (gone > margin && !holdingLock)
            {
                return null;
            }

            if (apart is not null)
            {
                AddTwins(apart, version, prepared, candidates);
            }

            var phrased = AddSpokenOf(query, words, prepared, filter, set, candidates, cancellationToken);
            if (part is not null)
            {
                Tell(part, words, candidates);
                return new ShardAnswer([], scanned, matching) { FilterNotes = notes };
            }

            var hits = Rank(query, words, prepared, filter, candidates, phrased, wanted, wasCut: capacity < left, twins, cancellationToken, out isShort);
            return new ShardAnswer(hits, scanned, matching)
            {
                FilterNotes = notes, Corrections = corrections, Phrases = TextsOf(words),
            };
        }
        finally
        {
            _lock.ExitReadLock();
            prepared?.Dispose();
        }
    }

    /// <summary>Scores the rows of both parts as they are now; returns how many are no longer what was looked for.</summary>
    private int Collect(
        LexicalQuery? words, PreparedQuery? vector, RowFilter filter, long version, TopRows lexicalTop, TopRows vectorTop,
        List<Candidate> candidates)
    {
        var changed = new HashSet<int>();
        if (!_changes.TryRead(version, changed))
        {
            return int.MaxValue;
        }

        // What was found and has not changed passes, and has the cosine that it was found with.
        var gone = vectorTop.Lost;
        var seen = new HashSet<int>(lexicalTop.Count + vectorTop.Count);
        for (var i = 0; i < vectorTop.Count; i++)
        {
            seen.Add(vectorTop.Rows[i]);
            if (!changed.Contains(vectorTop.Rows[i]))
            {
                candidates.Add(CandidateOf(vectorTop.Rows[i], words, vector, vectorTop.Scores[i]));
            }
        }

        foreach (var row in lexicalTop.Rows)
        {
            if (seen.Add(row) && !changed.Contains(row))
            {
                candidates.Add(CandidateOf(row, words, vector));
            }
        }

        foreach (var row in changed)
        {
            // It was among the best as something else than what it is now.
            gone += seen.Contains(row) ? 1 : 0;
            if (filter.Passes(row) && HasRequired(words, row))
            {
                var candidate = CandidateOf(row, words, vector);
                if (candidate.Lexical is not null || candidate.Cosine is not null)
                {
                    candidates.Add(candidate);
                }
            }
        }

        return gone;
    }

    /// <summary>Those of a scan that looked damaged are looked at again, now that nobody writes, and a few more in turn.</summary>
    /// <exception cref="ShardDamagedException"/>
    private void RequireIntact(TopRows found)
    {
        foreach (var slot in found.Suspects ?? [])
        {
            _vectors!.RequireIntact(slot);
        }

        _vectors!.RequireNextIntact(CheckedWithEach);
    }

    /// <summary>The first of each group of twins by key, for all of them.</summary>
    /// <param name="version">Rows that changed since were taken in as what they are now.</param>
    private void AddTwins(Twins.Found apart, long version, PreparedQuery? vector, List<Candidate> candidates)
    {
        var changed = new HashSet<int>();
        _changes.TryRead(version, changed);
        foreach (var group in apart.Groups)
        {
            group.RemoveAll(changed.Contains);
            if (group.Count == 0)
            {
                continue;
            }

            if (CosineOf(_rows[group[0]].Vector, _rows[group[0]].Vector) < Folding.SameDirection)
            {
                // Without a direction they are near nothing, not even each other.
                candidates.AddRange(group.Select(row => CandidateOf(row, null, vector)));
                continue;
            }

            KeyOrder.Sort(CollectionsMarshal.AsSpan(group), _rows.Keys);
            var candidate = CandidateOf(group[0], null, vector);
            candidate.Twins = new string[group.Count - 1];
            for (var i = 1; i < group.Count; i++)
            {
                candidate.Twins[i - 1] = _rows.Keys[group[i]]!;
            }

            candidates.Add(candidate);
        }
    }

    private int[] SlotsOf(RowSet set)
    {
        var slots = new int[set.Count];
        var count = 0;
        foreach (var row in set)
        {
            if (_rows[row].Vector is not RowTable.NoVector and var slot)
            {
                slots[count++] = slot;
            }
        }

        return count == slots.Length ? slots : slots[..count];
    }
}
