using System.Diagnostics;

namespace Sophia.Bench.Gpu;

/// <summary>How long something took, of its repeats, and what the driver said of the device before and after these.</summary>
/// <param name="Before">After the warm-up; null where there are no sensors.</param>
internal readonly record struct Times(TimeSpan Median, TimeSpan P99, SensorReading? Before, SensorReading? After);

/// <summary>How long something takes that ends with the device having finished.</summary>
internal static class Timing
{
    /// <summary>A GPU that stood idle takes so long to come to its clock, and the runtime to compile what runs often.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.5);

    /// <param name="warmUp">Zero where the times say nothing; otherwise there is at least one run more, which compiles the kernels and fills what is kept between runs.</param>
    public static Times Of(int repeats, TimeSpan warmUp, Action run, Sensors? sensors)
    {
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < warmUp;)
        {
            run();
        }

        var before = sensors?.Read();
        var times = new TimeSpan[repeats];
        for (var i = 0; i < repeats; i++)
        {
            var started = Stopwatch.GetTimestamp();
            run();
            times[i] = Stopwatch.GetElapsedTime(started);
        }

        var after = sensors?.Read();
        Array.Sort(times);
        return new Times(times[repeats / 2], times[Math.Min(repeats - 1, repeats * 99 / 100)], before, after);
    }
}
