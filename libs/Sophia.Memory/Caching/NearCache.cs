using BitFaster.Caching;
using BitFaster.Caching.Lfu;
using BitFaster.Caching.Scheduler;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Caching;

/// <summary>
/// The near copy: hot records in this process. W-TinyLFU (BitFaster.Caching) decides what stays by count; a byte limit
/// is kept on top by trimming. A value is set only if it is newer than what is there and the fence allows it.
/// </summary>
internal sealed class NearCache
{
    private const int LockStripes = 256;
    private const int TrimRounds = 8;

    // A trim goes through the cache's order, whether it takes one entry or many: so it takes a share of them at once.
    private const int TrimShare = 32;
    private const int FullShare = 16;
    private readonly ConcurrentLfu<NearKey, NearEntry> _entries;
    private readonly ChangeFence _fence = new();
    private readonly Lock[] _locks = [.. Enumerable.Range(0, LockStripes).Select(_ => new Lock())];
    private readonly Lock _trimming = new();
    private readonly TierMeter _meter;
    private readonly long _limitBytes;
    private long _bytes;

    public NearCache(int capacity, long limitBytes, TierMeter meter)
    {
        (_limitBytes, _meter) = (limitBytes, meter);
        _entries = new ConcurrentLfu<NearKey, NearEntry>(
            Environment.ProcessorCount, Math.Max(capacity, 3), new BackgroundThreadScheduler(), NearKey.Comparer.Instance);
        var events = _entries.Events.Value ?? throw new InvalidOperationException("The near copy needs the cache's events.");
        events.ItemUpdated += (_, updated) => Interlocked.Add(ref _bytes, -(updated.OldValue?.Record.SizeInMemory ?? 0));
        events.ItemRemoved += (_, removed) =>
        {
            Interlocked.Add(ref _bytes, -(removed.Value?.Record.SizeInMemory ?? 0));
            if (removed.Reason is ItemRemovedReason.Evicted or ItemRemovedReason.Trimmed)
            {
                _meter.Evict(EvictionReason.Capacity);
            }
        };
    }

    public long Bytes => Volatile.Read(ref _bytes);

    public long LimitBytes => _limitBytes;

    public int Count => _entries.Count;

    public bool TryGet(long namespaceId, string key, out NearEntry? entry) => _entries.TryGet(new NearKey(namespaceId, key), out entry);

    /// <summary>True when what comes in pushes others out.</summary>
    public bool IsFull => Bytes > _limitBytes - (_limitBytes / FullShare);

    /// <summary>
    /// A writer's own change: newer values win, and slow readers are fenced off. A record that nobody is known to want
    /// (<paramref name="isWanted"/>) takes nobody's place: a full cache has it only if it had it before, so that an import
    /// does not push out what is read.
    /// </summary>
    public void Set(MemoryRecord record, bool isWanted = true)
    {
        var key = new NearKey(record.NamespaceId, record.Key);
        var hash = Hash(key);
        _fence.Note(record.Sequence, hash);
        lock (LockFor(hash))
        {
            if (isWanted || !IsFull || _entries.TryGet(key, out _))
            {
                SetIfNewer(key, record);
            }
        }

        KeepWithinLimit();
    }

    /// <summary>A value that was read while the cursor of its partition stood at <paramref name="cursorBeforeRead"/>.</summary>
    /// <returns>The entry to answer with, which is in the cache unless the fence refused.</returns>
    public NearEntry Admit(MemoryRecord record, long cursorBeforeRead) => Admit(record, cursorBeforeRead, out _);

    /// <param name="isCurrent">False when the fence refused: a change went by while the value was read.</param>
    /// <inheritdoc cref="Admit(MemoryRecord, long)"/>
    public NearEntry Admit(MemoryRecord record, long cursorBeforeRead, out bool isCurrent)
    {
        var key = new NearKey(record.NamespaceId, record.Key);
        var hash = Hash(key);
        NearEntry entry;
        lock (LockFor(hash))
        {
            isCurrent = _fence.Allows(record.Sequence, hash, cursorBeforeRead);
            entry = isCurrent ? SetIfNewer(key, record) : new NearEntry(record);
        }

        KeepWithinLimit();
        return entry;
    }

    /// <summary>The record changed elsewhere or went: what is there is removed unless it is newer.</summary>
    /// <returns>True if a copy was removed.</returns>
    public bool Invalidate(long namespaceId, string key, Sequence sequence)
    {
        var nearKey = new NearKey(namespaceId, key);
        var hash = Hash(nearKey);
        _fence.Note(sequence, hash);
        lock (LockFor(hash))
        {
            if (!_entries.TryGet(nearKey, out var entry) || entry.Record.Sequence.Number > sequence.Number)
            {
                return false;
            }

            return Remove(nearKey, EvictionReason.Invalidated);
        }
    }

    /// <summary>
    /// Removes records whose key is no longer known, by id; goes through the whole cache. One that is not here yet may
    /// still be on its way from the store, and its place in the fence is not known, so the whole partition is fenced.
    /// </summary>
    public int Invalidate(IReadOnlyDictionary<RecordId, Sequence> forgotten)
    {
        foreach (var sequence in forgotten.Values)
        {
            _fence.Note(sequence);
        }

        AwaitAdmissions();
        var removed = 0;
        foreach (var (key, entry) in _entries)
        {
            if (forgotten.TryGetValue(entry.Record.Id, out var sequence) && Invalidate(key.NamespaceId, key.Key, sequence))
            {
                removed++;
            }
        }

        return removed;
    }

    /// <summary>Removes every copy of a partition, of whose changes some were missed, up to this one.</summary>
    public void Withdraw(Sequence missed)
    {
        _fence.Note(missed);
        AwaitAdmissions();
        foreach (var (key, entry) in _entries)
        {
            if (entry.Record.Sequence.Partition == missed.Partition)
            {
                Remove(key, EvictionReason.Invalidated);
            }
        }
    }

    /// <summary>Removes an entry because its time ran out.</summary>
    public void Expire(MemoryRecord record) => Remove(new NearKey(record.NamespaceId, record.Key), EvictionReason.Expired);

    /// <summary>Removes all, or those with the tag, of one namespace or of all; returns how many.</summary>
    public int Evict(long? namespaceId, string? tag)
    {
        var removed = 0;
        foreach (var (key, entry) in _entries)
        {
            if ((namespaceId is null || key.NamespaceId == namespaceId) && (tag is null || entry.Record.Tags.Contains(tag)) &&
                Remove(key, EvictionReason.Requested))
            {
                removed++;
            }
        }

        return removed;
    }

    private static int Hash(NearKey key) => NearKey.Comparer.Instance.GetHashCode(key);

    private Lock LockFor(int hash) => _locks[(hash >>> 10) & (LockStripes - 1)];

    // Who asked the fence before it was raised has put its copy in when this returns, so that going through all copies finds it.
    private void AwaitAdmissions()
    {
        foreach (var stripe in _locks)
        {
            lock (stripe)
            {
            }
        }
    }

    private NearEntry SetIfNewer(NearKey key, MemoryRecord record)
    {
        if (_entries.TryGet(key, out var present) && present.Record.Sequence.Number >= record.Sequence.Number)
        {
            return present;
        }

        var entry = new NearEntry(record);
        Interlocked.Add(ref _bytes, record.SizeInMemory);
        _entries.AddOrUpdate(key, entry);
        return entry;
    }

    private bool Remove(NearKey key, EvictionReason reason)
    {
        if (!_entries.TryRemove(key))
        {
            return false;
        }

        _meter.Evict(reason);
        return true;
    }

    // One thread at a time: two that see the same excess would trim it twice. Sizes differ, so that one trim may be too little.
    private void KeepWithinLimit()
    {
        for (var round = 0; round < TrimRounds && Bytes > _limitBytes && _trimming.TryEnter(); round++)
        {
            try
            {
                var (bytes, count) = (Bytes, _entries.Count);
                if (bytes <= _limitBytes || count == 0)
                {
                    return;
                }

                var excess = bytes - _limitBytes + (_limitBytes / TrimShare);
                _entries.Policy.Eviction.Value!.Trim((int)Math.Clamp((count * excess / bytes) + 1, 1, count));
            }
            finally
            {
                _trimming.Exit();
            }
        }
    }
}
