using System.Diagnostics;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    // A listing with a filter that matches little gives a short page and a cursor rather than going on for ever.
    private const int ScanPerPage = 5_000;

    // A page ends when its contents have so many bytes: 1,000 records of a mebibyte each would not fit a small machine.
    private const long PageBytes = 8 << 20;

    private const int FirstScan = 50;

    /// <summary>The record as it was recorded at an instant, and had not expired then; null if it was not there.</summary>
    public async Task<MemoryRecord?> GetAsOfAsync(
        NamespaceInfo ns, string key, DateTimeOffset at, Trail trail, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var record = await _store.GetAsOfAsync(ns, key, at, cancellationToken).ConfigureAwait(false);
        VisitedStore(trail, started, record is not null);
        return record is null || record.IsExpired(at) ? null : record;
    }

    /// <summary>
    /// Versions, newest first, as many as asked for or until they have <see cref="RowPage.MostBytes"/>; null when the record was never there or
    /// is forgotten.
    /// </summary>
    public async Task<HistoryPage?> HistoryAsync(
        NamespaceInfo ns, string key, Sequence before, int limit, Trail trail, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var items = await _store.HistoryAsync(ns, key, before, limit, cancellationToken).ConfigureAwait(false);
        VisitedStore(trail, started, items.Count > 0);
        if (items.Count == 0 && before.IsNone)
        {
            return null;
        }

        return new HistoryPage(items, !items.IsLast(limit) && !items[^1].Previous.IsNone ? items[^1].Sequence : Sequence.None);
    }

    /// <summary>Records that the filter accepts, by key, after a key.</summary>
    public async Task<RecordPage> ListAsync(
        NamespaceInfo ns, RecordFilter filter, string? after, int limit, Trail trail, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var now = Clock.GetUtcNow();
        var items = new List<MemoryRecord>(limit);
        string? next = null;
        var bytes = 0L;
        var read = 0L;
        for (var scanned = 0; ;)
        {
            // Before the first read nothing is known of the records' size; then no read takes much more than a page may hold.
            var most = scanned == 0 ? FirstScan : (int)Math.Clamp(PageBytes * scanned / (read + 1), 1, 500);
            var wanted = Math.Min(most, Math.Max(limit - items.Count, filter.IsEmpty ? 1 : 100));
            var records = await _store.ListAsync(ns, filter.KeyPrefix ?? "", after, wanted, descending: false, cancellationToken).ConfigureAwait(false);
            foreach (var record in records)
            {
                after = record.Key;
                var size = AnswerSize.BytesOf(record);
                read += size;
                if (!record.IsExpired(now) && RecordFilterMatcher.Matches(filter, record))
                {
                    items.Add(record);
                    bytes += size;
                    if (items.Count == limit || bytes >= PageBytes)
                    {
                        break;
                    }
                }
            }

            scanned += records.Count;
            var atEnd = records.IsLast(wanted) && (records.Count == 0 || after == records[^1].Key);
            if (atEnd)
            {
                next = null;
                break;
            }

            next = after;
            if (items.Count == limit || bytes >= PageBytes || scanned >= ScanPerPage)
            {
                break;
            }
        }

        VisitedStore(trail, started, true);
        return new RecordPage(items, next);
    }
}
