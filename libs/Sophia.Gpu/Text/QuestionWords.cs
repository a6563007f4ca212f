using System.Collections.Frozen;

namespace Sophia.Gpu.Text;

/// <summary>
/// English words of which questions about a conversation are made, and which say little of what was said there: "what kind of
/// music does she like", "when did he mention the trip". In turns of conversations they weigh less; elsewhere they are words
/// like others.
/// </summary>
internal static class QuestionWords
{
    /// <summary>Of what another word weighs. Chosen on half of the conversations of two public sets.</summary>
    public const double Weight = 0.25;

    private static readonly FrozenSet<string> Terms = (
        "kind type sort way thing many much time ever would could might likely mention discuss talk say said tell told think feel " +
        "happen use get go want like plan share describe express relate recent recently new first").Split(' ')
        .SelectMany(static word => new[] { word, TextAnalyzer.English.TermOf(word) }).ToFrozenSet(StringComparer.Ordinal);

    public static bool Contains(string term) => Terms.Contains(term);
}
