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

    public RowSet Evaluate(CancellationToken cancellationToken)
    {
        var set = new RowSet(_rows.Used);
        for (var row = 0; row < _rows.Used; row++)
        {
            if ((row & 0xfff) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (Passes(row))
            {
                set.Add(row);
            }
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
