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

    /// <summary>True when every living row passes.</summary>
    public bool PassesAll => _filter.IsEmpty && _rows.Expiring == 0;

    /// <summary>What the conditions on attributes left out of an evaluation because it was missing or of another type.</summary>
    public IReadOnlyList<FilterNote> Notes
    {
        get
        {
            var notes = new List<FilterNote>();
            foreach (var condition in _conditions)
            {
                if (condition.Missing + condition.Mistyped > 0 && !notes.Exists(note => note.Attribute == condition.Attribute))
                {
                    notes.Add(new FilterNote(condition.Attribute, condition.Missing, condition.Mistyped));
                }
            }

            return notes;
        }
    }

    /// <summary>The rows that pass: whole chunks of rows at a time, each part of the filter on what the parts before it left.</summary>
    public RowSet Evaluate(CancellationToken cancellationToken)
    {
        var set = new RowSet(_rows.Used);
        Span<ulong> bits = stackalloc ulong[RowChunk.Words];
        Span<ulong> asked = stackalloc ulong[RowChunk.Words];
        for (var chunk = 0; chunk << RowChunk.RowsLog2 < _rows.Used; chunk++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _rows.LiveOf(chunk).CopyTo(bits);
            RestrictTags(chunk, bits);
            RestrictRows(chunk, bits);
            bits.CopyTo(asked);
            foreach (var condition in _conditions)
            {
                condition.Restrict(chunk, bits, asked);
            }

            set.Add(chunk, bits);
        }

        return set;
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
    private void RestrictRows(int chunk, Span<ulong> bits)
    {
        var byTimes = _filter.CreatedFrom is not null || _filter.CreatedTo is not null || _filter.UpdatedFrom is not null ||
            _filter.UpdatedTo is not null || _filter.ValidAt is not null;
        if (_rows.Expiring == 0 && !byTimes && _filter.KeyPrefix is null)
        {
            return;
        }

        for (var word = 0; word < bits.Length; word++)
        {
            for (var left = bits[word]; left != 0; left &= left - 1)
            {
                var row = (chunk << RowChunk.RowsLog2) + (word * 64) + BitOperations.TrailingZeroCount(left);
                ref readonly var at = ref _rows[row];
                if (at.Expires <= _now || (byTimes && !PassesTimes(at)) || !PassesKey(row))
                {
                    bits[word] &= ~(left & (~left + 1));
                }
            }
        }
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
