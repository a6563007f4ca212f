using System.Diagnostics;
using CsCheck;
using Sophia.Memory.Tiers;

namespace Sophia.Tests.Tiers;

public sealed class LatencyHistogramTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(50);

    private static long Ticks(double ms) => (long)Math.Round(ms * Stopwatch.Frequency / 1000);

    [Fact]
    public void Nothing_recorded_is_all_zero()
    {
        var report = new LatencyHistogram().Report(Budget);

        Assert.Equal((0, 0.0, 0.0, 0L), (report.Count, report.P50Ms, report.P99Ms, report.OverBudget));
    }

    [Fact]
    public void The_count_over_the_budget_is_exact_at_its_edge()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(Ticks(50));
        histogram.Record(Ticks(50) + 1);
        histogram.Record(Ticks(49));

        Assert.Equal(1, histogram.Report(Budget).OverBudget);
    }

    [Fact]
    public void What_is_longer_than_the_last_bound_is_counted_and_reported_as_that_bound()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(Ticks(60_000));
        var report = histogram.Report(Budget);

        Assert.Equal((1, 1, 10_000), (report.Count, report.OverBudget, report.P99Ms));
        Assert.Equal(0, report.Buckets[^2].Count);
        Assert.Equal(1, report.Buckets[^1].Count);
    }

    [Fact]
    public void Percentiles_are_off_by_at_most_a_bucket_and_buckets_are_cumulative() =>
        Gen.Double[0.002, 9_000].Array[1, 300].Sample(values =>
        {
            var histogram = new LatencyHistogram();
            foreach (var ms in values)
            {
                histogram.Record(Ticks(ms));
            }

            var report = histogram.Report(Budget);
            var sorted = values.Order().ToArray();
            var median = sorted[(int)Math.Ceiling(sorted.Length * 0.5) - 1];
            Assert.InRange(report.P50Ms, median * 0.64, median * 1.35);
            Assert.Equal(values.Length, report.Count);
            Assert.Equal(values.Sum(), report.SumMs, values.Sum() * 1e-3);
            foreach (var (le, count) in report.Buckets.SkipLast(1))
            {
                Assert.Equal(values.Count(ms => Ticks(ms) <= Ticks(le)), count);
            }
        });

    [Fact]
    public void Threads_at_once_lose_no_count()
    {
        var histogram = new LatencyHistogram();
        Parallel.For(0, 100_000, i => histogram.Record(i));

        Assert.Equal(100_000, histogram.Report(Budget).Count);
    }
}
