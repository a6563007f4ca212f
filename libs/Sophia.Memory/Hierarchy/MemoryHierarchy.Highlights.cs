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

    // The index knows stems, and many words have one: what was meant is shown as a hit spells it.
    private SearchAnswer WithSpellings(NamespaceInfo ns, SearchAnswer answer)
    {
        if (answer.Corrections.Count == 0)
        {
            return answer;
        }

        return answer with
        {
            Corrections = [.. answer.Corrections.Select(correction => correction with
            {
                To = [.. correction.To.Select((spelling, i) => i < correction.Terms.Count ? SpellingOf(ns, answer, correction.Terms[i]) ?? spelling : spelling).Distinct()],
            })],
        };
    }

    private string? SpellingOf(NamespaceInfo ns, SearchAnswer answer, string term)
    {
        var hit = answer.Hits.FirstOrDefault(hit => hit.Found.MatchedTerms.Contains(term));
        if (hit is null || _shards.Highlight(ns, hit.Record, [term]) is not [var first, ..])
        {
            return null;
        }

        var word = first.Ranges[0];
        return first.Text.Substring(word.Start, word.Length).ToLowerInvariant();
    }
}
