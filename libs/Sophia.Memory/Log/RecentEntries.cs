namespace Sophia.Memory.Log;

/// <summary>The newest entries of each partition, within a byte limit, so that cursors seldom read the store.</summary>
internal sealed class RecentEntries(long limitBytes)
{
    private readonly Lock _lock = new();
    private readonly List<LogEntry>[] _partitions = [.. Enumerable.Range(0, Sequence.Partitions).Select(_ => new List<LogEntry>())];
    private readonly Queue<int> _order = new();
    private readonly int[] _dropped = new int[Sequence.Partitions];
    private long _bytes;

    public long Bytes => Volatile.Read(ref _bytes);

    public void Add(LogEntry entry)
    {
        lock (_lock)
        {
            _partitions[entry.Sequence.Partition].Add(entry);
            _order.Enqueue(entry.Sequence.Partition);
            _bytes += SizeOf(entry);
            while (_bytes > limitBytes && _order.TryDequeue(out var partition))
            {
                DropOldest(partition);
            }
        }
    }

    /// <summary>Drops what is held of a partition: what came after it is not here, so that those who read on go to the store.</summary>
    public void Drop(int partition)
    {
        lock (_lock)
        {
            var entries = _partitions[partition];
            if (entries.Count == 0)
            {
                return;
            }

            for (var i = _dropped[partition]; i < entries.Count; i++)
            {
                _bytes -= SizeOf(entries[i]);
            }

            entries.Clear();
            _dropped[partition] = 0;
            for (var i = _order.Count; i > 0; i--)
            {
                if (_order.Dequeue() is var other && other != partition)
                {
                    _order.Enqueue(other);
                }
            }
        }
    }

    /// <summary>True while everything after the number is held.</summary>
    public bool Holds(int partition, long after)
    {
        lock (_lock)
        {
            var (entries, first) = (_partitions[partition], _dropped[partition]);
            return first < entries.Count && entries[first].Sequence.Number <= after + 1;
        }
    }

    /// <summary>Copies entries with numbers above <paramref name="after"/>; false when the first of them is no longer here.</summary>
    /// <param name="bytes">Ends with the entry by which they have so many: who reads slowly keeps what has left here since.</param>
    public bool TryRead(int partition, long after, int limit, long bytes, List<LogEntry> into)
    {
        lock (_lock)
        {
            var entries = _partitions[partition];
            var first = _dropped[partition];
            if (!Holds(partition, after))
            {
                return false;
            }

            for (var i = FirstAbove(entries, first, after); i < entries.Count && into.Count < limit && bytes > 0; i++)
            {
                into.Add(entries[i]);
                bytes -= SizeOf(entries[i]);
            }

            return true;
        }
    }

    /// <summary>
    /// Drops what is held of versions before an erasure, so that the content does not stay in memory either. What was written
    /// under the key afterwards stays: cursors that have not come to it yet need it.
    /// </summary>
    public void Erase(IReadOnlyDictionary<Records.RecordId, Sequence> erasures, int partition)
    {
        lock (_lock)
        {
            var entries = _partitions[partition];
            for (var i = _dropped[partition]; i < entries.Count; i++)
            {
                if (erasures.TryGetValue(entries[i].Id, out var erasure) && entries[i].Sequence.Number < erasure.Number &&
                    (entries[i].Record is not null || entries[i].Key is not null))
                {
                    _bytes -= SizeOf(entries[i]);
                    entries[i] = entries[i] with { Record = null, Key = null };
                    _bytes += SizeOf(entries[i]);
                }
            }
        }
    }

    // Numbers may have holes where the log was trimmed, so that a place cannot be reckoned from a number.
    private static int FirstAbove(List<LogEntry> entries, int from, long after)
    {
        var (low, high) = (from, entries.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = entries[middle].Sequence.Number <= after ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void DropOldest(int partition)
    {
        var entries = _partitions[partition];
        var index = _dropped[partition]++;
        _bytes -= SizeOf(entries[index]);
        entries[index] = null!;
        // Removing from the front of a list moves the rest: do it seldom, when half of it is empty.
        if (_dropped[partition] > 1024 && _dropped[partition] * 2 > entries.Count)
        {
            entries.RemoveRange(0, _dropped[partition]);
            _dropped[partition] = 0;
        }
        else if (_dropped[partition] == entries.Count)
        {
            entries.Clear();
            _dropped[partition] = 0;
        }
    }

    private static long SizeOf(LogEntry entry) => 160 + (entry.Record?.SizeInMemory ?? 0);
}
