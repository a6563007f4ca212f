using System.Diagnostics;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    private ShardHost? _held;

    /// <summary>
    /// Makes this process a node of L0 beside what else it is: the shards that it holds for all who ask follow the log by this memory's
    /// cursor, so that what is written here is neither read back nor analysed again. Closed by the caller, before the memory; then there may
    /// be another one.
    /// </summary>
    /// <param name="map">Where shards begin.</param>
    /// <param name="shardRecords">With so many records a shard is full.</param>
    /// <param name="mostBytes">What shards may take in memory.</param>
    /// <exception cref="InvalidOperationException">The memory has one that is open.</exception>
    public ShardHost HoldShards(IShardMap map, long shardRecords, long mostBytes)
    {
        if (_held is { IsClosed: false })
        {
            throw new InvalidOperationException("The memory holds shards already.");
        }

        return _held = new ShardHost(
            _store, _tail, map, shardRecords, _engine, Models, Options, Clock, _loggers, mostBytes, new TierMeters(TierMeters.SecondName), _meters.L0);
    }

    // What nodes that are away hold, nobody can count.
    private async Task<IReadOnlyList<HeldShard>> HeldElsewhereAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        try
        {
            return _cluster is null ? [] : await _cluster.HeldAsync(ns, cancellationToken).ConfigureAwait(false);
        }
        catch (ClusterUnavailableException)
        {
            return [];
        }
    }

    private async Task SettleElsewhereAsync(NamespaceInfo ns, ForgetTally tally, CancellationToken cancellationToken)
    {
        if (_cluster is null)
        {
            return;
        }

        try
        {
            foreach (var copy in await _cluster.ReachAsync(ns, tally.Last.Number, SettlePatience, cancellationToken).ConfigureAwait(false))
            {
                tally.Miss(copy, copy.Shard is null
                    ? $"A node of L0 did not say that the vectors were overwritten everywhere: {copy.Reason}"
                    : "A shard on a node of L0 has not come to the tombstones yet; it overwrites the vectors when it does.");
            }
        }
        catch (ClusterUnavailableException away)
        {
            tally.Miss(
                new UnconfirmedCopy(Tier.L0, null, null, $"No node said anything. {away.Message}"),
                $"The nodes of L0 did not say whether they have come to the tombstones; they overwrite the vectors when they do. {away.Message}");
        }
    }

    private async Task<int> EvictElsewhereAsync(long? namespaceId) =>
        _cluster is not null && namespaceId is { } id && await _store.FindNamespaceAsync(id, CancellationToken.None).ConfigureAwait(false) is { } ns
            ? await EvictElsewhereAsync(ns).ConfigureAwait(false) : 0;

    private async Task<int> EvictElsewhereAsync(NamespaceInfo ns)
    {
        if (_cluster is null)
        {
            return 0;
        }

        try
        {
            return await _cluster.EvictAsync(ns, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ClusterUnavailableException)
        {
            return 0;
        }
    }

    /// <summary>Null when no node of L0 can be reached: the search then goes on in this process, slower and still right.</summary>
    private async Task<SearchAnswer?> SearchClusterAsync(
        NamespaceInfo ns, ShardQuery query, SearchRequest request, Trail trail, CancellationToken cancellationToken)
    {
        var (started, known) = (Stopwatch.GetTimestamp(), _tail.Seen[ns.Partition]);
        ClusterAnswer answer;
        try
        {
            answer = await _cluster!.SearchAsync(
                ns, new ClusterCall(query, request.MinSequence, known, request.Timeout, request.AllowPartial), cancellationToken).ConfigureAwait(false);
        }
        catch (ClusterUnavailableException away)
        {
            _meters.L0.Miss(Stopwatch.GetTimestamp() - started);
            trail.Add("l0", started);
            trail.Degraded ??= $"l0-unavailable: {away.Message} This process searched instead.";
            return null;
        }

        var ticks = Stopwatch.GetTimestamp() - started;
        trail.Add("l0", started);
        trail.ServedBy = Tier.L0;
        _meters.L0.Hit(ticks);
        if (answer.Missing.Count == 0 && (answer.LogLag > TimeSpan.Zero || known - answer.Seen.Number > ShardDirectory.MostBehind))
        {
            trail.Degraded ??= answer.LogLag > TimeSpan.Zero
                ? $"l0-behind: a node of L0 has not read the log for {answer.LogLag.TotalSeconds:N0} s, and does not have what was written since."
                : $"l0-behind: a shard has come to change {answer.Seen.Number:N0} of {known:N0}.";
        }

        var found = answer.Found;
        var hits = await RecordsOfAsync(ns, query, found.Hits, trail, cancellationToken).ConfigureAwait(false);
        return new SearchAnswer(hits, query.Mode, found.RowsScanned, found.RowsMatching, answer.Seen)
        {
            FilterNotes = found.FilterNotes, Dates = query.Dates, Phrases = found.Phrases, Corrections = found.Corrections,
            Missing = answer.Missing, WithoutVector = answer.WithoutVector,
        };
    }
}
