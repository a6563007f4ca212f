using System.Globalization;
using System.Text;
using Sophia.Client;

namespace Sophia.Cli.Terminal;

internal static class Served
{
    /// <summary>Such as <c>L1 · 0.41 ms (near 0.02, l1 0.35)</c>.</summary>
    public static string Line<T>(Answer<T> answer)
    {
        var text = new StringBuilder(answer.Tier ?? "served");
        if (answer.Total is { } total) text.Append(CultureInfo.InvariantCulture, $" · {total.TotalMilliseconds:0.##} ms");
        var separator = " (";
        foreach (var timing in answer.Timings)
        {
            if (timing.Name == "total") continue;
            text.Append(separator).Append(CultureInfo.InvariantCulture, $"{timing.Name} {timing.Duration.TotalMilliseconds:0.##}");
            separator = ", ";
        }
        if (separator == ", ") text.Append(')');
        if (answer.Stale) text.Append(" · stale: the store behind the cache is away");
        return text.ToString();
    }
}
