using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.Answering;

/// <summary>Server-Timing: an entry per tier visited, in milliseconds with three digits.</summary>
internal static class TimingHeader
{
    // Near hits take a few microseconds: their header values are made once and kept, by near and total microseconds.
    private const int KeptMicroseconds = 64;
    private static readonly string?[] Kept = new string?[KeptMicroseconds * KeptMicroseconds];

    public static string OfNear(long start, long found, long now)
    {
        var near = (int)Math.Min((long)Stopwatch.GetElapsedTime(start, found).TotalMicroseconds, int.MaxValue);
        var total = (int)Math.Min((long)Stopwatch.GetElapsedTime(start, now).TotalMicroseconds, int.MaxValue);
        return near < KeptMicroseconds && total < KeptMicroseconds
            ? Kept[(near * KeptMicroseconds) + total] ??= FormatNear(near, total)
            : FormatNear(near, total);
    }

    public static string TotalOnly(long start) =>
        string.Create(CultureInfo.InvariantCulture, $"total;dur={Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.000}");

    public static string Of(Trail trail, long start)
    {
        var text = new StringBuilder(64);
        foreach (var visit in trail.Visits)
        {
            text.Append(CultureInfo.InvariantCulture, $"{visit.Name};dur={visit.Duration.TotalMilliseconds:0.000}, ");
        }

        return text.Append(TotalOnly(start)).ToString();
    }

    private static string FormatNear(int nearUs, int totalUs) =>
        string.Create(CultureInfo.InvariantCulture, $"near;dur={nearUs / 1000.0:0.000}, total;dur={totalUs / 1000.0:0.000}");
}
