namespace Sophia.Gpu.Lexical;

/// <summary>Scores by document while a query is worked on. A thread uses its sheet again and leaves it all zeros.</summary>
internal sealed class ScoreSheet : IDisposable
{
    [ThreadStatic]
    private static ScoreSheet? t_free;

    private readonly List<int> _touched = [];
    private double[] _scores = [];

    public List<int> Touched => _touched;

    public double this[int document] => _scores[document];

    public static ScoreSheet Rent(int documents)
    {
        var sheet = t_free ?? new ScoreSheet();
        t_free = null;
        if (sheet._scores.Length < documents)
        {
            sheet._scores = new double[documents * 5L / 4];
        }

        return sheet;
    }

    /// <param name="amount">Above zero.</param>
    public void Add(int document, double amount)
    {
        ref var score = ref _scores[document];
        if (score == 0)
        {
            _touched.Add(document);
        }

        score += amount;
    }

    public void Dispose()
    {
        foreach (var document in _touched)
        {
            _scores[document] = 0;
        }

        _touched.Clear();
        t_free = this;
    }
}
