using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// What the filters that are asked for again and again let through. A filter is kept from its second use on, so that those
/// that come once push nothing out; the one that was not used longest leaves. What is kept stays right because every use
/// compares the versions of its chunks (<see cref="FilteredRows"/>). Any thread.
/// </summary>
internal sealed class FilterCache
{
    private const int Most = 16;
    private const int Remembered = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<RecordFilter, Entry> _entries = new(FilterComparer.Instance);
    private readonly int[] _seen = new int[Remembered];
    private long _uses;

    public long SizeInMemory
    {
        get
        {
            lock (_lock)
            {
                return _entries.Values.Sum(static entry => entry.Rows.SizeInMemory);
            }
        }
    }

    /// <summary>What it let through when it was used last; null when it is not kept.</summary>
    public FilteredRows? Find(RecordFilter filter)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(filter, out var entry))
            {
                return null;
            }

            entry.UsedAt = ++_uses;
            return entry.Rows;
        }
    }

    public void Keep(RecordFilter filter, FilteredRows rows)
    {
        var hash = FilterComparer.Instance.GetHashCode(filter) | 1;
        lock (_lock)
        {
            if (_entries.TryGetValue(filter, out var entry))
            {
                if (rows.Version >= entry.Rows.Version)
                {
                    entry.Rows = rows;
                }

                return;
            }

            ref var seen = ref _seen[(uint)hash % Remembered];
            if (seen != hash)
            {
                seen = hash;
                return;
            }

            if (_entries.Count == Most)
            {
                _entries.Remove(_entries.MinBy(static pair => pair.Value.UsedAt).Key);
            }

            _entries.Add(filter, new Entry { Rows = rows, UsedAt = ++_uses });
        }
    }

    private sealed class Entry
    {
        public required FilteredRows Rows { get; set; }

        public long UsedAt { get; set; }
    }
}
