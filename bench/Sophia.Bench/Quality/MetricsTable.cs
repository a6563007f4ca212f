using System.Globalization;

namespace Sophia.Bench.Quality;

/// <summary>The metrics of each system in each group of questions.</summary>
internal sealed class MetricsTable(IReadOnlyList<string> systems)
{
    private readonly Dictionary<string, RankingMetrics[]> _groups = [];

    public IEnumerable<string> Groups => _groups.Keys.Order(StringComparer.Ordinal);

    public RankingMetrics this[string group, string system] => _groups[group][Enumerable.Range(0, systems.Count).First(i => systems[i] == system)];

    /// <param name="rankings">One per system.</param>
    public void Add(string group, IReadOnlyList<IReadOnlyList<string>> rankings, IReadOnlySet<string> relevant)
    {
        if (!_groups.TryGetValue(group, out var metrics))
        {
            metrics = _groups[group] = [.. systems.Select(_ => new RankingMetrics())];
        }

        for (var i = 0; i < metrics.Length; i++)
        {
            metrics[i].Add(rankings[i], relevant);
        }
    }

    public void Print()
    {
        Console.WriteLine();
        Console.WriteLine("| questions | n | system | recall@5 | recall@10 | recall@20 | MRR | nDCG@10 |");
        Console.WriteLine("|---|---:|---|---:|---:|---:|---:|---:|");
        foreach (var group in Groups)
        {
            for (var i = 0; i < systems.Count; i++)
            {
                var m = _groups[group][i];
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {group} | {m.Questions} | {systems[i]} | {m.Recall5:0.000} | {m.Recall10:0.000} | {m.Recall20:0.000} | {m.Mrr:0.000} | {m.Ndcg10:0.000} |"));
            }
        }
    }
}
