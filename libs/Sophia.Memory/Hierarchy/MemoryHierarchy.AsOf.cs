using System.Diagnostics;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

/// <summary>Searches in the past.</summary>
public sealed partial class MemoryHierarchy
{
    private const int AsOfPage = 512;

    /// <summary>Each holds the records of a namespace and an index of them, which nothing else bounds.</summary>
    private const int AsOfAtOnce = 2;

    private readonly SemaphoreSlim _asOf = new(AsOfAtOnce);
    private readonly PastSearches _past = new();

    private async Task<SearchAnswer> SearchAsOfAsync(
        NamespaceInfo ns, ShardQuery query, DateTimeOffset at, TimeSpan timeout, Trail trail, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var deadline = started + (long)(timeout.TotalSeconds * Stopwatch.Frequency);
        if (!await _asOf.WaitAsync(timeout, cancellationToken).ConfigureAwait(false))
        {
            throw new RefusedException(
                "shard-loading", $"{AsOfAtOnce} searches in the past are under way, and no more at a time.", "Try again in a moment, or allow more time with timeoutMs.");
        }

        trail.Add("wait", started);
        try
        {
            using var underWay = _past.Begin(ns, _tail.Seen[ns.Partition]);
            return await SearchPastAsync(ns, query, at, deadline, trail, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _asOf.Release();
        }
    }

    // The past has no shard: one is made of what the log says was there, searched, and thrown away. Right, not fast.
    private async Task<SearchAnswer> SearchPastAsync(
        NamespaceInfo ns, ShardQuery query, DateTimeOffset at, long deadline, Trail trail, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var records = new Dictionary<string, MemoryRecord>(StringComparer.Ordinal);
        using var shard = _shards.CreateApart(ns);
        var others = new List<MemoryRecord>();
        await foreach (var record in _store.ScanAsOfAsync(ns, at, cancellationToken).ConfigureAwait(false))
        {
            if (Left(deadline) == TimeSpan.Zero)
            {
                throw new RefusedException(
                    "shard-loading", $"The index of namespace '{ns.Name}' as it was then was not made in time ({records.Count:N0} records so far).",
                    "Allow more time with timeoutMs: a search in the past reads every record of its time.");
            }

            if (!record.IsExpired(at))
            {
                records[record.Key] = record;
                if (VectorCompletion.IsRight(ns.Settings, record))
                {
                    shard.Put(record);
                }
                else
                {
                    others.Add(record);
                }
            }
        }

        // Versions whose vectors another model made, before the namespace changed its model, are found by words only.
        foreach (var page in others.Chunk(AsOfPage))
        {
            Sequence[] made = ns.Settings.VectorSource == VectorSource.Embedder ? [.. page.Select(static r => r.Sequence)] : [];
            var vectors = await _store.ReadVectorsAsync(ns, ns.Settings.VectorModel ?? "", made, cancellationToken).ConfigureAwait(false);
            foreach (var record in page)
            {
                shard.Put(record with { Vector = vectors.GetValueOrDefault(record.Sequence) });
            }
        }

        trail.Add("l3", started);
        trail.ServedBy = Tier.L3;
        _meters.L3.Hit(Stopwatch.GetTimestamp() - started);
        var searched = Stopwatch.GetTimestamp();
        var found = shard.Search(query, cancellationToken);
        trail.Add("l0", searched);
        RequireSize(found.Hits, records);
        return new SearchAnswer(
            [.. found.Hits.Select(hit => new SearchHit(records[hit.Key], hit)
            {
                Before = [.. hit.Before.Select(n => records[n.Key])], After = [.. hit.After.Select(n => records[n.Key])],
            })],
            query.Mode, found.RowsScanned, found.RowsMatching,
            Sequence.Of(ns.Partition, _tail.Seen[ns.Partition]))
            {
                FilterNotes = found.FilterNotes, Dates = query.Dates, Phrases = found.Phrases, Corrections = found.Corrections,
            };
    }

    private static void RequireSize(IReadOnlyList<ShardHit> found, Dictionary<string, MemoryRecord> records)
    {
        var size = new AnswerSize(found.Count);
        string[] keys = [.. found.SelectMany(KeysOf).Select(static one => one.Key).Where(size.IsFirst)];
        foreach (var key in keys)
        {
            size.Add(records[key]);
        }
    }
}
