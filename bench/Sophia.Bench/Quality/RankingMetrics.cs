namespace Sophia.Bench.Quality;

/// <summary>
/// How good a ranking is, averaged over questions: recall at k is the share of a question's relevant records among the
/// first k; MRR the inverse of the place of the first relevant one (0 beyond 20); nDCG at 10 with gains of 1 and 0.
/// Source: Manning, Raghavan, Schütze, "Introduction to Information Retrieval", 2008, chapter 8.
/// </summary>
internal sealed class RankingMetrics
{
    public const int Depth = 20;
    private double _recall5, _recall10, _recall20, _reciprocal, _gain;

    public int Questions { get; private set; }

    public double Recall5 => _recall5 / Questions;

    public double Recall10 => _recall10 / Questions;

    public double Recall20 => _recall20 / Questions;

    public double Mrr => _reciprocal / Questions;

    public double Ndcg10 => _gain / Questions;

    /// <param name="ranking">Distinct keys, best first.</param>
    /// <param name="relevant">At least one.</param>
    public void Add(IReadOnlyList<string> ranking, IReadOnlySet<string> relevant)
    {
        double found = 0, gain = 0;
        double at5 = 0, at10 = 0, reciprocal = 0;
        for (var place = 1; place <= Math.Min(ranking.Count, Depth); place++)
        {
            if (relevant.Contains(ranking[place - 1]))
            {
                found++;
                at5 += place <= 5 ? 1 : 0;
                at10 += place <= 10 ? 1 : 0;
                reciprocal = Math.Max(reciprocal, 1.0 / place);
                gain += place <= 10 ? 1 / Math.Log2(place + 1) : 0;
            }
        }

        var ideal = Enumerable.Range(1, Math.Min(relevant.Count, 10)).Sum(place => 1 / Math.Log2(place + 1));
        _recall5 += at5 / relevant.Count;
        _recall10 += at10 / relevant.Count;
        _recall20 += found / relevant.Count;
        _reciprocal += reciprocal;
        _gain += gain / ideal;
        Questions++;
    }
}
