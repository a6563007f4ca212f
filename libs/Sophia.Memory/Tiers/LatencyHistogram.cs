using System.Diagnostics;

namespace Sophia.Memory.Tiers;

/// <summary>Counts per bound, cumulative as Prometheus has them; the last bound is +Infinity.</summary>
/// <param name="OverBudget">How many took longer than the tier's budget.</param>
public sealed record LatencyReport(
    long Count, double P50Ms, double P95Ms, double P99Ms, long OverBudget, double SumMs, IReadOnlyList<LatencyBucket> Buckets);

public readonly record struct LatencyBucket(double LeMs, long Count);

/// <summary>
/// Durations in fixed buckets, ten per decade from 1 µs to 10 s, so that every tier's budget is a bound and the count over
/// it is exact. Recording takes one search and one interlocked add, and allocates nothing. Percentiles are interpolated
/// within their bucket, so they are off by at most its width (25 % of the value).
/// </summary>
public sealed class LatencyHistogram
{
    private static readonly double[] BoundsMs = MakeBounds();
    private static readonly long[] BoundTicks = Array.ConvertAll(BoundsMs, ms => (long)(ms * Stopwatch.Frequency / 1000));

    /// <summary>The bounds that reports and telemetry show, in milliseconds: a subset of the inner ones.</summary>
    public static readonly IReadOnlyList<double> ReportedBoundsMs =
        [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 200, 300, 400, 1000, 2500, 10000];

    private static readonly int Stripes = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, 16));
    private readonly long[][] _counts = new long[Stripes][];
    private readonly StripedCounter _ticks = new();

    public LatencyHistogram()
    {
        for (var i = 0; i < Stripes; i++)
        {
            _counts[i] = new long[BoundTicks.Length + 1];
        }
    }

    /// <param name="ticks">A duration in <see cref="Stopwatch"/> ticks.</param>
    public void Record(long ticks)
    {
        int low = 0, high = BoundTicks.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (BoundTicks[middle] < ticks)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        Interlocked.Increment(ref _counts[Thread.GetCurrentProcessorId() & (Stripes - 1)][low]);
        _ticks.Add(ticks);
    }

    public LatencyReport Report(TimeSpan budget)
    {
        var counts = new long[BoundTicks.Length + 1];
        foreach (var stripe in _counts)
        {
            for (var i = 0; i < counts.Length; i++)
            {
                counts[i] += Volatile.Read(ref stripe[i]);
            }
        }

        var total = 0L;
        var cumulative = new long[counts.Length];
        for (var i = 0; i < counts.Length; i++)
        {
            cumulative[i] = total += counts[i];
        }

        var buckets = new LatencyBucket[ReportedBoundsMs.Count + 1];
        for (var i = 0; i < ReportedBoundsMs.Count; i++)
        {
            buckets[i] = new LatencyBucket(ReportedBoundsMs[i], cumulative[Array.IndexOf(BoundsMs, ReportedBoundsMs[i])]);
        }

        buckets[^1] = new LatencyBucket(double.PositiveInfinity, total);
        var budgetIndex = Array.FindIndex(BoundsMs, bound => bound >= budget.TotalMilliseconds);
        var over = budgetIndex < 0 ? 0 : total - cumulative[budgetIndex];
        return new LatencyReport(
            total, Percentile(cumulative, 0.50), Percentile(cumulative, 0.95), Percentile(cumulative, 0.99), over,
            _ticks.Sum() * 1000.0 / Stopwatch.Frequency, buckets);
    }

    private static double Percentile(long[] cumulative, double fraction)
    {
        var total = cumulative[^1];
        if (total == 0)
        {
            return 0;
        }

        var wanted = fraction * total;
        var index = Array.FindIndex(cumulative, c => c >= wanted);
        if (index >= BoundsMs.Length)
        {
            return BoundsMs[^1];
        }

        var below = index == 0 ? 0 : cumulative[index - 1];
        var from = index == 0 ? 0 : BoundsMs[index - 1];
        return from + ((BoundsMs[index] - from) * ((wanted - below) / (cumulative[index] - below)));
    }

    private static double[] MakeBounds()
    {
        double[] steps = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
        var bounds = new List<double>();
        for (var decade = -3; decade <= 3; decade++)
        {
            foreach (var step in steps)
            {
                bounds.Add(Math.Round(step * Math.Pow(10, decade), 6));
            }
        }

        bounds.Add(10_000);
        return [.. bounds];
    }
}
