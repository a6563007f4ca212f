using System.Diagnostics;
using System.Runtime.CompilerServices;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Hierarchy;

/// <summary>From what a shard found to records.</summary>
public sealed partial class MemoryHierarchy
{
    /// <summary>Records that are looked up to take the place of a hit that is gone.</summary>
    private const int MostReplacing = 16;

    private const int MostReadAtOnce = 256;

    // The shard knows where; what the caller reads comes from the near copies and L3, and is the current version.
    private async Task<IReadOnlyList<SearchHit>> RecordsOfAsync(
        NamespaceInfo ns, ShardQuery query, IReadOnlyList<ShardHit> found, Trail trail, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var records = new Dictionary<string, MemoryRecord>(found.Count, StringComparer.Ordinal);
        var missing = new List<string>();
        var size = new AnswerSize(found.Count);
        foreach (var (key, sequence) in found.SelectMany(KeysOf))
        {
            if (!size.IsFirst(key))
            {
                continue;
            }

            if (TryFindNear(ns, key, sequence, out var near))
            {
                records[key] = near.Record;
            }
            else
            {
                missing.Add(key);
            }
        }

        foreach (var record in records.Values)
        {
            size.Add(record);
        }

        trail.Add("near", started);
        if (missing.Count > 0)
        {
            started = Stopwatch.GetTimestamp();
            var cursor = _tail.Seen[ns.Partition];
            await foreach (var record in ReadManyAsync(ns, missing, cancellationToken).ConfigureAwait(false))
            {
                size.Add(record);
                records[record.Key] = record;
                if (SeenOften(record.Key, ns))
                {
                    _meters.L1.Promote();
                    _near.Admit(record, cursor);
                }
            }

            _meters.L3.Hit(Stopwatch.GetTimestamp() - started);
            trail.Add("l3", started);
        }

        // The search may have waited: what ended meanwhile is not found any more.
        var now = Clock.GetUtcNow();
        var hits = new List<SearchHit>(found.Count);
        foreach (var hit in found)
        {
            if (Accepted(hit.Key, hit.Sequence) is { } record)
            {
                hits.Add(new SearchHit(record, hit) { Before = AllOf(hit.Before), After = AllOf(hit.After) });
            }
            else if (hit.Folded.Count > 0 && await ReplacedAsync(hit).ConfigureAwait(false) is { } other)
            {
                hits.Add(other);
            }
        }

        return hits;

        // What says the same was left out for a hit that is not there any more, and takes its place; what stood around that does not.
        async Task<SearchHit?> ReplacedAsync(ShardHit gone)
        {
            // The first is most likely still there: as many as before are read, and no more than it takes.
            for (int at = 0, count = 1; at < Math.Min(gone.Folded.Count, MostReplacing); at += count, count = at)
            {
                var page = gone.Folded.Skip(at).Take(count).Select(static one => one.Key).ToList();
                var read = new List<MemoryRecord>(page.Count);
                try
                {
                    await foreach (var record in ReadManyAsync(ns, page, cancellationToken).ConfigureAwait(false))
                    {
                        read.Add(record);
                    }
                }
                catch (StoreUnavailableException)
                {
                    // The others are answered from copies; this one is left out, as if nothing were folded under it.
                    return null;
                }

                for (var i = 0; i < page.Count; i++)
                {
                    if (read.FirstOrDefault(one => one.Key == page[i]) is { } record && IsAccepted(record, Sequence.None))
                    {
                        size.Add(record, 1);
                        return new SearchHit(record, gone with
                        {
                            Key = record.Key, Id = record.Id, Sequence = record.Sequence, Folded = [.. gone.Folded.Skip(at + i + 1)], Before = [], After = [],
                        });
                    }
                }
            }

            return null;
        }

        MemoryRecord[] AllOf(IReadOnlyList<NeighbourKey> keys) =>
            keys.Count == 0 ? [] : [.. keys.Select(n => Accepted(n.Key, n.Sequence)).OfType<MemoryRecord>()];

        MemoryRecord? Accepted(string key, Sequence scanned) => records.TryGetValue(key, out var record) && IsAccepted(record, scanned) ? record : null;

        // A record that changed since the scan answers with what it is now, if the filter still accepts that.
        bool IsAccepted(MemoryRecord record, Sequence scanned) =>
            !record.IsExpired(now) && (record.Sequence == scanned || query.Filter is null || RecordFilterMatcher.Matches(query.Filter, record));
    }

    /// <summary>The records that are there, in no particular order, a page of them in memory at a time: an answer too large is known before all of it is read.</summary>
    private async IAsyncEnumerable<MemoryRecord> ReadManyAsync(
        NamespaceInfo ns, IReadOnlyList<string> keys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var left = new Queue<string>(keys);
        for (var rows = new PageRows(MostReadAtOnce, RowPage.MostBytes); left.Count > 0;)
        {
            var asked = new List<string>(rows.Next);
            while (asked.Count < rows.Next && left.TryDequeue(out var key))
            {
                asked.Add(key);
            }

            var page = await _store.GetManyAsync(ns, asked, cancellationToken).ConfigureAwait(false);
            rows.Took(page);
            if (page.IsCut)
            {
                var read = page.Select(static record => record.Key).ToHashSet(StringComparer.Ordinal);
                asked.Where(key => !read.Contains(key)).ToList().ForEach(left.Enqueue);
            }

            foreach (var record in page)
            {
                yield return record;
            }
        }
    }

    private static IEnumerable<NeighbourKey> KeysOf(ShardHit hit) => hit.Before.Append(new NeighbourKey(hit.Key, hit.Sequence)).Concat(hit.After);
}
