using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// Makes one score out of two. Hybrid: a weighted sum of BM25, as a share of the best BM25 among the candidates, and of
/// the cosine where it is positive; both are then in 0…1 and, unlike ranks, still say how good a match is.
/// Source: Bruch, Gai, Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 2023.
/// With one part only, the score is the part's own. Equal scores are ordered by key.
/// </summary>
/// <param name="vectorWeight">0…1; the words have the rest.</param>
internal readonly struct Fusion(double vectorWeight)
{
    /// <summary>For models that know meaning, about which nothing is known here: both halves count the same.</summary>
    public const double ModelVectorWeight = 0.5;

    /// <summary>The default embedder sees words and parts of words, as BM25 does; measured by bench/run.sh quality.</summary>
    public const double HashedVectorWeight = 0.2;

    /// <summary>Ranks the parts and sets what they contribute.</summary>
    /// <param name="partCandidates">Ranks are given to the best so many of each part.</param>
    /// <returns>The best own score, by which other factors are measured; 1 where there is none above zero.</returns>
    public double Fuse(List<Candidate> candidates, SearchMode mode, int partCandidates)
    {
        var bestLexical = RankLexical(candidates, partCandidates);
        RankVector(candidates, partCandidates);
        double best = 0;
        foreach (var candidate in candidates)
        {
            Contribute(candidate, mode, bestLexical);
            best = Math.Max(best, candidate.OwnScore);
        }

        return best > 0 ? best : 1;
    }

    /// <summary>Sets what the parts of a candidate contribute that came after the others were ranked.</summary>
    public void Contribute(Candidate candidate, SearchMode mode, double bestLexical)
    {
        candidate.LexicalContribution = candidate.Lexical is not { } lexical ? 0
            : candidate.Coverage * (mode == SearchMode.Hybrid ? (1 - vectorWeight) * lexical / bestLexical : lexical);
        candidate.VectorContribution = candidate.Cosine is not { } cosine ? 0
            : mode == SearchMode.Hybrid ? vectorWeight * Math.Max(cosine, 0) : cosine;
    }

    public static double BestLexical(List<Candidate> candidates)
    {
        double best = 0;
        foreach (var candidate in candidates)
        {
            best = Math.Max(best, candidate.Lexical ?? 0);
        }

        return best > 0 ? best : 1;
    }

    /// <summary>Best first.</summary>
    public static void Sort(List<Candidate> candidates) => candidates.Sort(static (a, b) => Order(b.Score, a.Score, a, b));

    public static ShardHit ToHit(Candidate candidate, IReadOnlyList<string> matchedTerms)
    {
        var parts = new List<ScorePart>(2 + candidate.Factors.Count);
        if (candidate.Lexical is { } lexical)
        {
            parts.Add(new ScorePart("lexical", lexical, candidate.LexicalRank, candidate.LexicalContribution));
        }

        if (candidate.Cosine is { } cosine)
        {
            parts.Add(new ScorePart("vector", cosine, candidate.VectorRank, candidate.VectorContribution));
        }

        parts.AddRange(candidate.Factors);
        return new ShardHit(candidate.Key, candidate.Id, candidate.Sequence, candidate.Score, parts, matchedTerms);
    }

    private static double RankLexical(List<Candidate> candidates, int partCandidates)
    {
        if (!candidates.Exists(static candidate => candidate.Lexical is not null))
        {
            return 1;
        }

        candidates.Sort(static (a, b) => Order(b.Lexical ?? -1, a.Lexical ?? -1, a, b));
        for (var i = 0; i < candidates.Count && i < partCandidates && candidates[i].Lexical is not null; i++)
        {
            candidates[i].LexicalRank = i + 1;
        }

        return BestLexical(candidates);
    }

    private static void RankVector(List<Candidate> candidates, int partCandidates)
    {
        if (!candidates.Exists(static candidate => candidate.Cosine is not null))
        {
            return;
        }

        candidates.Sort(static (a, b) => Order(b.Cosine ?? -2, a.Cosine ?? -2, a, b));
        var before = 0;
        var tied = new List<string[]>();
        for (var i = 0; i < candidates.Count && i + before < partCandidates && candidates[i].Cosine is { } cosine; i++)
        {
            if (i > 0 && cosine != candidates[i - 1].Cosine)
            {
                before += Before(tied, null);
                tied.Clear();
            }

            // The rows for which others stand have their places too.
            var place = i + before + Before(tied, candidates[i].Key);
            candidates[i].VectorRank = place < partCandidates ? place + 1 : 0;
            if (candidates[i].Twins.Length > 0)
            {
                tied.Add(candidates[i].Twins);
            }
        }
    }

    /// <summary>How many keys come before one; all come before none.</summary>
    private static int Before(List<string[]> tied, string? key)
    {
        var before = 0;
        foreach (var twins in tied)
        {
            foreach (var twin in twins)
            {
                before += key is null || string.CompareOrdinal(twin, key) < 0 ? 1 : 0;
            }
        }

        return before;
    }

    private static int Order(double better, double worse, Candidate a, Candidate b)
    {
        var order = better.CompareTo(worse);
        return order != 0 ? order : string.CompareOrdinal(a.Key, b.Key);
    }
}
