using System.Diagnostics;
using Sophia.Bench.Reporting;

namespace Sophia.Bench.HotHit;

/// <summary>
/// Sophia and MemoryCache in turns of some milliseconds, so that what disturbs the machine disturbs both alike, which
/// benchmarks that run one after the other cannot promise: the ratio is taken within each round.
/// </summary>
internal static class Turns
{
    private const int Calls = 100_000;

    public static (double Sophia, double MemoryCache, double Ratio) Run(int rounds)
    {
        var benchmarks = new HitBenchmarks();
        benchmarks.SetUp();
        try
        {
            var (sophia, rival) = (new double[rounds], new double[rounds]);

            // The first rounds are the compiler's.
            for (var round = -rounds; round < rounds; round++)
            {
                var ours = OfSophia(benchmarks);
                var theirs = OfMemoryCache(benchmarks);
                if (round >= 0)
                {
                    (sophia[round], rival[round]) = (ours, theirs);
                }
            }

            return (Statistics.Median(sophia), Statistics.Median(rival), Statistics.Median(sophia.Zip(rival, (a, b) => a / b)));
        }
        finally
        {
            benchmarks.CleanUp();
        }
    }

    private static double OfSophia(HitBenchmarks benchmarks)
    {
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Calls; i++)
        {
            _ = benchmarks.Sophia();
        }

        return Stopwatch.GetElapsedTime(started).TotalNanoseconds / Calls;
    }

    private static double OfMemoryCache(HitBenchmarks benchmarks)
    {
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Calls; i++)
        {
            _ = benchmarks.MemoryCacheTryGetValue();
        }

        return Stopwatch.GetElapsedTime(started).TotalNanoseconds / Calls;
    }
}
