using System.Diagnostics;

namespace Sophia.Bench.Gpu;

/// <summary>How long something takes that ends with the device having finished.</summary>
internal static class Timing
{
    public static (TimeSpan Median, TimeSpan P99) Of(int repeats, Action run)
    {
        // Once to compile the kernels and to fill what is kept between runs.
        run();
        var times = new TimeSpan[repeats];
        for (var i = 0; i < repeats; i++)
        {
            var started = Stopwatch.GetTimestamp();
            run();
            times[i] = Stopwatch.GetElapsedTime(started);
        }

        Array.Sort(times);
        return (times[repeats / 2], times[Math.Min(repeats - 1, repeats * 99 / 100)]);
    }
}
