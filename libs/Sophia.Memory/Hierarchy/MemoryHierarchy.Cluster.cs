using System.Diagnostics;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    /// <summary>Null when no node of L0 can be reached: the search then goes on in this process, slower and still right.</summary>
    private async Task<SearchAnswer?> SearchClusterAsync(
        NamespaceInfo ns, ShardQuery query, SearchRequest request, Trail trail, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        ClusterAnswer answer;
        try
        {
            answer = await _cluster!.SearchAsync(
                ns, new ClusterCall(query, request.MinSequence, _tail.Seen[ns.Partition], request.Timeout, request.AllowPartial), cancellationToken).ConfigureAwait(false);
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
        var found = answer.Found;
        var hits = await RecordsOfAsync(ns, query, found.Hits, trail, cancellationToken).ConfigureAwait(false);
        return new SearchAnswer(hits, query.Mode, found.RowsScanned, found.RowsMatching, answer.Seen)
        {
            FilterNotes = found.FilterNotes, Dates = query.Dates, Phrases = found.Phrases, Corrections = found.Corrections,
            Missing = answer.Missing,
        };
    }
}
