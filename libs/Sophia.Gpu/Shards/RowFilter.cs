using System.Numerics;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// A record filter and the moment of the query, made ready for the rows of one shard: strings are numbers where numbers
/// do. It says the same as <see cref="RecordFilterMatcher"/> says of the records. Valid while the shard does not change.
/// </summary>
internal sealed class RowFilter
{
    private readonly RowTable _rows;
    private readonly RecordFilter _filter;
    private readonly long _now;
    private readonly int[] _allTags;
    private readonly int[] _anyTags;
    private readonly int[] _noTags;
    private readonly RowCondition[] _conditions;

    public RowFilter(RowTable rows, RecordFilter? filter, DateTimeOffset now)
    {
        _rows = rows;
        _filter = filter ?? new RecordFilter();
        _now = now.UtcTicks;
        _allTags = Tags(_filter.AllTags);
        _anyTags = Tags(_filter.AnyTags);
        _noTags = Tags(_filter.NoTags);
        _conditions = new RowCondition[_filter.Attributes.Count];
        for (var i = 0; i < _conditions.Length; i++)
        {
            _conditions[i] = new RowCondition(rows, _filter.Attributes[i]);
        }
    }

    public RecordFilter Filter => _filter;

    /// <summary>True when every living row passes.</summary>
    public bool PassesAll => _filter.IsEmpty && _rows.Expiring == 0;

    /// <summary>The rows that pass: whole chunks of rows at a time, each part of the filter on what the parts before it left.</summary>
    /// <param name="before">What the same filter let through before; chunks that did not change since are taken from it.</param>
    public FilteredRows Evaluate(FilteredRows? before, CancellationToken cancellationToken)
    {
        var chunks = new FilteredRows.Chunk[_rows.Chunks];
        var isAsBefore = before is not null && before.Chunks.Length == chunks.Length;
        for (var chunk = 0; chunk < chunks.Length; chunk++)
        {
            if (before is not null && chunk < before.Chunks.Length && before.Chunks[chunk].Holds(_rows.VersionOf(chunk), _now))
            {
                chunks[chunk] = before.Chunks[chunk];
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            chunks[chunk] = Evaluate(chunk, cancellationToken);
            isAsBefore = false;
        }

        if (isAsBefore)
        {
            return before!;
        }

        var set = new RowSet(_rows.Used);
        for (var chunk = 0; chunk < chunks.Length; chunk++)
        {
            set.Add(chunk, chunks[chunk].Bits);
        }

        return new FilteredRows(_rows.Version, chunks, set, NotesOf(chunks));
    }

    private FilteredRows.Chunk Evaluate(int chunk, CancellationToken cancellationToken)
    {
        var bits = new ulong[RowChunk.Words];
        Span<ulong> asked = stackalloc ulong[RowChunk.Words];
        _rows.LiveOf(chunk).CopyTo(bits);
        RestrictTags(chunk, bits);
        var moments = RestrictRows(chunk, bits);
        bits.CopyTo(asked);
        var unfit = _conditions.Length == 0 ? [] : new (int, int)[_conditions.Length];
        for (var i = 0; i < unfit.Length; i++)
        {
            unfit[i] = _conditions[i].Restrict(chunk, bits, asked, cancellationToken);
        }

        var count = 0;
        foreach (var word in bits)
        {
            count += BitOperations.PopCount(word);
        }

        return new FilteredRows.Chunk { Version = _rows.VersionOf(chunk), Bits = bits, Count = count, Moments = moments, Unfit = unfit };
    }

    private List<FilterNote> NotesOf(FilteredRows.Chunk[] chunks)
    {
        var notes = new List<FilterNote>();
        for (var i = 0; i < _conditions.Length; i++)
        {
            long missing = 0, mistyped = 0;
            foreach (var chunk in chunks)
            {
                missing += chunk.Unfit[i].Missing;
                mistyped += chunk.Unfit[i].Mistyped;
            }

            var name = _conditions[i].Attribute;
            if (missing + mistyped > 0 && !notes.Exists(note => note.Attribute == name))
            {
                notes.Add(new FilterNote(name, missing, mistyped));
            }
        }

        return notes;
    }

    public bool Passes(int row)
    {
        if (!_rows.IsLive(row))
        {
            return false;
        }

        ref readonly var at = ref _rows[row];
        return at.Expires > _now && (_filter.IsEmpty || (PassesTimes(at) && PassesTags(at.Tags) && PassesKey(row) && PassesAttributes(at)));
    }

    private void RestrictTags(int chunk, Span<ulong> bits)
    {
        Span<ulong> tagged = stackalloc ulong[RowChunk.Words];
        foreach (var tag in _allTags)
        {
            tagged.Clear();
            _rows.TaggedWith(tag)?.AddTo(chunk, tagged);
            for (var i = 0; i < bits.Length; i++)
            {
                bits[i] &= tagged[i];
            }
        }

        if (_anyTags.Length > 0)
        {
            tagged.Clear();
            foreach (var tag in _anyTags)
            {
                _rows.TaggedWith(tag)?.AddTo(chunk, tagged);
            }

            for (var i = 0; i < bits.Length; i++)
            {
                bits[i] &= tagged[i];
            }
        }

        if (_noTags.Length > 0)
        {
            tagged.Clear();
            foreach (var tag in _noTags)
            {
                _rows.TaggedWith(tag)?.AddTo(chunk, tagged);
            }

            for (var i = 0; i < bits.Length; i++)
            {
                bits[i] &= ~tagged[i];
            }
        }
    }

    /// <summary>Expiry, times and key, which are read row by row, where they are asked for.</summary>
    /// <returns>From when and until when it holds.</returns>
    private (long From, long Until) RestrictRows(int chunk, Span<ulong> bits)
    {
        var (from, until) = (long.MinValue, long.MaxValue);
        var byTimes = _filter.CreatedFrom is not null || _filter.CreatedTo is not null || _filter.UpdatedFrom is not null ||
            _filter.UpdatedTo is not null || _filter.ValidAt is not null;
        if (_rows.Expiring == 0 && !byTimes && _filter.KeyPrefix is null)
        {
            return (from, until);
        }

        for (var word = 0; word < bits.Length; word++)
        {
            for (var left = bits[word]; left != 0; left &= left - 1)
            {
                var row = (chunk << RowChunk.RowsLog2) + (word * 64) + BitOperations.TrailingZeroCount(left);
                ref readonly var at = ref _rows[row];
                if ((byTimes && !PassesTimes(at)) || !PassesKey(row))
                {
                    bits[word] &= ~(left & (~left + 1));
                }
                else if (at.Expires <= _now)
                {
                    bits[word] &= ~(left & (~left + 1));
                    from = Math.Max(from, at.Expires);
                }
                else
                {
                    until = Math.Min(until, at.Expires);
                }
            }
        }

        return (from, until);
    }

    private bool PassesTimes(in RowTable.Row at) =>
        (_filter.CreatedFrom is not { } createdFrom || at.Created >= createdFrom.UtcTicks) &&
        (_filter.CreatedTo is not { } createdTo || at.Created < createdTo.UtcTicks) &&
        (_filter.UpdatedFrom is not { } updatedFrom || at.Updated >= updatedFrom.UtcTicks) &&
        (_filter.UpdatedTo is not { } updatedTo || at.Updated < updatedTo.UtcTicks) &&
        (_filter.ValidAt is not { } validAt || (at.ValidFrom <= validAt.UtcTicks && at.ValidTo > validAt.UtcTicks));

    private bool PassesTags(ReadOnlySpan<int> tags)
    {
        foreach (var tag in _allTags)
        {
            if (!tags.Contains(tag))
            {
                return false;
            }
        }

        return (_anyTags.Length == 0 || tags.ContainsAny(_anyTags)) && !tags.ContainsAny(_noTags);
    }

    private bool PassesKey(int row) =>
        _filter.KeyPrefix is not { } prefix || _rows.Keys[row]!.StartsWith(prefix, StringComparison.Ordinal);

    private bool PassesAttributes(in RowTable.Row at)
    {
        foreach (var condition in _conditions)
        {
            if (!condition.Holds(at.Attributes))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Tags that no row has become −1, which no row has either.</summary>
    private int[] Tags(IReadOnlyList<string> tags)
    {
        var ids = new int[tags.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = _rows.Tags.Find(tags[i]);
        }

        return ids;
    }
}
