using System.Diagnostics;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    // From the records as they are answered: one that changed since the scan shows what it says now.
    private SearchAnswer WithHighlights(NamespaceInfo ns, SearchAnswer answer, Trail trail)
    {
        var started = Stopwatch.GetTimestamp();
        var hits = new List<SearchHit>(answer.Hits.Count);
        foreach (var hit in answer.Hits)
        {
            hits.Add(hit.Found.MatchedTerms.Count == 0 ? hit : hit with { Highlights = _shards.Highlight(ns, hit.Record, hit.Found.MatchedTerms) });
        }

        trail.Add("highlight", started);
        return answer with { Hits = hits };
    }
}
