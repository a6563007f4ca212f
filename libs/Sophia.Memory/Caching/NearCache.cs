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
    private readonly ConcurrentLfu<NearKey, NearEntry> _entries;
    private readonly ChangeFence _fence = new();
    private readonly Lock[] _locks = [.. Enumerable.Range(0, LockStripes).Select(_ => new Lock())];
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
            if (removed.Reason == ItemRemovedReason.Evicted)
            {
                _meter.Evict(EvictionReason.Capacity);
            }
        };
    }

    public long Bytes => Volatile.Read(ref _bytes);

    public long LimitBytes => _limitBytes;

    public int Count => _entries.Count;

    public bool TryGet(long namespaceId, string key, out NearEntry? entry) => _entries.TryGet(new NearKey(namespaceId, key), out entry);

    /// <summary>A writer's own change: newer values win, and slow readers are fenced off.</summary>
    public void Set(MemoryRecord record)
    {
        var key = new NearKey(record.NamespaceId, record.Key);
        var hash = Hash(key);
        _fence.Note(record.Sequence, hash);
        lock (LockFor(hash))
        {
            SetIfNewer(key, record);
        }

        KeepWithinLimit();
    }

    /// <summary>A value that was read while the cursor of its partition stood at <paramref name="cursorBeforeRead"/>.</summary>
    /// <returns>The entry to answer with, which is in the cache unless the fence refused.</returns>
    public NearEntry Admit(MemoryRecord record, long cursorBeforeRead)
    {
        var key = new NearKey(record.NamespaceId, record.Key);
        var hash = Hash(key);
        NearEntry entry;
        lock (LockFor(hash))
        {
            entry = _fence.Allows(record.Sequence, hash, cursorBeforeRead) ? SetIfNewer(key, record) : new NearEntry(record);
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

    /// <summary>Removes records whose key is no longer known, by id; goes through the whole cache.</summary>
    public int Invalidate(IReadOnlyDictionary<RecordId, Sequence> forgotten)
    {
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

    private void KeepWithinLimit()
    {
        if (Bytes > _limitBytes && _entries.Count > 0)
        {
            var count = Math.Max(1, Math.Min(_entries.Count, (int)(_entries.Count * (Bytes - _limitBytes) / Bytes) + 1));
            _entries.Policy.Eviction.Value!.Trim(count);
        }
    }
}
