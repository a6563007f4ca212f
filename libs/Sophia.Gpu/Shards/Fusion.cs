using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// Makes one order out of two scores. Hybrid: a weighted sum of BM25, as a share of the best BM25 among the candidates,
/// and of the cosine where it is positive; both are then in 0…1 and, unlike ranks, still say how good a match is.
/// Source: Bruch, Gai, Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 2023.
/// With one part only, the score is the part's own. Equal scores are ordered by key.
/// </summary>
internal static class Fusion
{
    public const double LexicalWeight = 0.5;
    public const double VectorWeight = 1 - LexicalWeight;

    /// <param name="partCandidates">Ranks are given to the best so many of each part.</param>
    public static List<ShardHit> Fuse(List<Candidate> candidates, SearchMode mode, int k, int partCandidates)
    {
        var bestLexical = RankLexical(candidates, partCandidates);
        RankVector(candidates, partCandidates);
        foreach (var candidate in candidates)
        {
            candidate.LexicalContribution = candidate.Lexical is not { } lexical ? 0
                : mode == SearchMode.Hybrid ? LexicalWeight * lexical / bestLexical : lexical;
            candidate.VectorContribution = candidate.Cosine is not { } cosine ? 0
                : mode == SearchMode.Hybrid ? VectorWeight * Math.Max(cosine, 0) : cosine;
        }

        candidates.Sort(static (a, b) => Order(b.Score, a.Score, a, b));
        var hits = new List<ShardHit>(Math.Min(k, candidates.Count));
        for (var i = 0; i < candidates.Count && i < k; i++)
        {
            hits.Add(ToHit(candidates[i]));
        }

        return hits;
    }

    private static double RankLexical(List<Candidate> candidates, int partCandidates)
    {
        candidates.Sort(static (a, b) => Order(b.Lexical ?? -1, a.Lexical ?? -1, a, b));
        for (var i = 0; i < candidates.Count && i < partCandidates && candidates[i].Lexical is not null; i++)
        {
            candidates[i].LexicalRank = i + 1;
        }

        return candidates.Count > 0 ? candidates[0].Lexical ?? 1 : 1;
    }

    private static void RankVector(List<Candidate> candidates, int partCandidates)
    {
        candidates.Sort(static (a, b) => Order(b.Cosine ?? -2, a.Cosine ?? -2, a, b));
        for (var i = 0; i < candidates.Count && i < partCandidates && candidates[i].Cosine is not null; i++)
        {
            candidates[i].VectorRank = i + 1;
        }
    }

    private static int Order(double better, double worse, Candidate a, Candidate b)
    {
        var order = better.CompareTo(worse);
        return order != 0 ? order : string.CompareOrdinal(a.Key, b.Key);
    }

    private static ShardHit ToHit(Candidate candidate)
    {
        var parts = new List<ScorePart>(2);
        if (candidate.Lexical is { } lexical)
        {
            parts.Add(new ScorePart("lexical", lexical, candidate.LexicalRank, candidate.LexicalContribution));
        }

        if (candidate.Cosine is { } cosine)
        {
            parts.Add(new ScorePart("vector", cosine, candidate.VectorRank, candidate.VectorContribution));
        }

        return new ShardHit(candidate.Key, candidate.Id, candidate.Sequence, candidate.Score, parts, candidate.MatchedTerms);
    }
}
