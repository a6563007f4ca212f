using System.Text.RegularExpressions;

namespace Sophia.Deploy.Tests.Observability;

/// <summary>The names of the metrics in an expression of Prometheus.</summary>
internal static partial class PromQl
{
    private static readonly HashSet<string> Words = ["and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"];

    public static IEnumerable<string> MetricsOf(string expression)
    {
        var bare = Template().Replace(expression, "");
        bare = Strings().Replace(bare, "");
        bare = Selector().Replace(bare, " ");
        bare = Range().Replace(bare, " ");
        bare = Grouping().Replace(bare, " ");
        return Name().Matches(bare).Where(m => !Words.Contains(m.Groups[1].Value) && m.Groups[2].Value != "(").Select(m => m.Groups[1].Value).Distinct();
    }

    /// <summary>What stands in braces, of an expression or of a line that a service prints: a label, how it is compared, and with what.</summary>
    public static IEnumerable<(string Metric, string Label, string Test, string Value)> SelectionsOf(string text) =>
        from series in Series().Matches(text)
        from label in Label().Matches(series.Groups[2].Value)
        select (series.Groups[1].Value, label.Groups[1].Value, label.Groups[2].Value, label.Groups[3].Value);

    [GeneratedRegex(@"([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[^}""]|""(?:[^""\\]|\\.)*"")*)\}")]
    private static partial Regex Series();

    [GeneratedRegex(@"([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*""((?:[^""\\]|\\.)*)""")]
    private static partial Regex Label();

    [GeneratedRegex(@"<<[^>]*>>,?")]
    private static partial Regex Template();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Strings();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Range();

    [GeneratedRegex(@"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"(?<![0-9.])\b([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(?)")]
    private static partial Regex Name();
}
