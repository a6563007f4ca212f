using System.Diagnostics;

namespace Sophia.Bench.Gpu;

/// <summary>How long something takes that ends with the device having finished.</summary>
internal static class Timing
{
    /// <summary>A GPU that stood idle takes so long to come to its clock, and the runtime to compile what runs often.</summary>
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(0.5);

    public static (TimeSpan Median, TimeSpan P99) Of(int repeats, Action run)
    {
        // At least once, to compile the kernels and to fill what is kept between runs.
        var begun = Stopwatch.GetTimestamp();
        do
        {
            run();
        }
        while (Stopwatch.GetElapsedTime(begun) < s_warmUp);

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
