namespace Sophia.Gpu.Pools;

/// <summary>Counts of durations by their order of magnitude; not synchronised.</summary>
internal sealed class DurationHistogram
{
    private static readonly double[] BoundSeconds = [0.01, 0.1, 1, 10, 60, 600, 3600, 86_400, double.PositiveInfinity];
    /// <summary>Upper bounds in seconds, inclusive, but for the last bucket's, which has none.</summary>
    public static IEnumerable<double> Bounds => BoundSeconds.SkipLast(1);

    private readonly long[] _counts = new long[BoundSeconds.Length];

    public void Add(TimeSpan duration)
    {
        var seconds = duration.TotalSeconds;
        _counts[Array.FindIndex(BoundSeconds, bound => seconds <= bound)]++;
    }

    /// <summary>Upper bound in seconds, inclusive, and how many were in the bucket; the last has no bound.</summary>
    public IReadOnlyList<(double BoundSeconds, long Count)> Read() => [.. BoundSeconds.Zip(_counts)];
}
