using System.Globalization;

namespace Sophia.Client;

/// <summary>Reads <c>Server-Timing</c> (W3C): metrics parted by commas, each a name and parameters parted by semicolons.</summary>
internal static class ServerTiming
{
    public static IReadOnlyList<TierTiming> Parse(IEnumerable<string> values)
    {
        var timings = new List<TierTiming>();
        foreach (var value in values)
            foreach (var metric in Split(value, ','))
                if (ParseMetric(metric) is { } timing) timings.Add(timing);
        return timings;
    }

    private static TierTiming? ParseMetric(string metric)
    {
        var parts = Split(metric, ';');
        if (parts.Count == 0 || parts[0].Length == 0) return null;
        var duration = TimeSpan.Zero;
        for (var i = 1; i < parts.Count; i++)
        {
            var equals = parts[i].IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !parts[i].AsSpan(0, equals).Trim().Equals("dur", StringComparison.OrdinalIgnoreCase)) continue;
            var number = parts[i].AsSpan(equals + 1).Trim().Trim('"');
            // The limit keeps a nonsense figure from an in-between proxy from overflowing TimeSpan.
            if (double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var ms) && ms is >= 0 and < 1e9)
                duration = TimeSpan.FromMilliseconds(ms);
        }
        return new TierTiming(parts[0], duration);
    }

    /// <summary>Splits outside of quoted strings: a description may hold commas.</summary>
    private static List<string> Split(string text, char separator)
    {
        var parts = new List<string>();
        var start = 0;
        var quoted = false;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] == '"') quoted = !quoted;
            if (i < text.Length && (quoted || text[i] != separator)) continue;
            parts.Add(text[start..i].Trim());
            start = i + 1;
        }
        return parts;
    }
}
