using System.Globalization;
using System.Text.Json;

namespace Sophia.Bench.Quality;

/// <summary>
/// Meetings with questions whose passages are marked by turn, as QMSum (Zhong et al., "QMSum: A New Benchmark for Query-based
/// Multi-domain Meeting Summarization", NAACL 2021) publishes them under <c>data/ALL</c> (<c>test</c>, <c>train</c>, <c>val</c>): one file a meeting. Taken are the questions
/// whose passages have at most ten turns together, so that ten hits can have them all, and the meetings with such questions.
/// Two weights were made milder, since they cost these meetings most (Telling); nothing else was chosen on them.
/// </summary>
internal static class MeetingSet
{
    private const int MostMarked = 10;

    /// <summary>Whether the folder, or one below it, has meetings.</summary>
    public static bool IsAt(string folder) =>
        Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories).FirstOrDefault() is { } file && File.ReadAllText(file).Contains("\"meeting_transcripts\"", StringComparison.Ordinal);

    public static LabelledSet Read(string name, string folder)
    {
        var files = Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        return new LabelledSet(name, SetKind.Conversations, [.. files.Select(ReadFile).Where(static meeting => meeting.Questions.Count > 0)]);
    }

    private static LabelledCollection ReadFile(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        var turns = json.RootElement.GetProperty("meeting_transcripts").EnumerateArray()
            .Select((turn, i) => new LabelledRecord(KeyOf(i), $"{turn.GetProperty("speaker").GetString()}: {turn.GetProperty("content").GetString()}", "00-1", i)).ToList();
        var keys = turns.Select(static turn => turn.Key).ToHashSet(StringComparer.Ordinal);
        var questions = json.RootElement.GetProperty("specific_query_list").EnumerateArray()
            .Select(asked => new LabelledQuestion(asked.GetProperty("query").GetString()!, "specific", MarkedOf(asked).Select(KeyOf).Where(keys.Contains).ToHashSet(StringComparer.Ordinal)))
            .Where(static question => question.Relevant.Count is > 0 and <= MostMarked).ToList();
        return new LabelledCollection(Path.GetFileNameWithoutExtension(file), turns, questions, IsHeldOut: false);
    }

    private static IEnumerable<int> MarkedOf(JsonElement asked) => asked.GetProperty("relevant_text_span").EnumerateArray()
        .Select(static span => (First: NumberOf(span[0]), Last: NumberOf(span[1])))
        .SelectMany(static span => Enumerable.Range(span.First, Math.Max(0, span.Last - span.First + 1)));

    private static int NumberOf(JsonElement text) => int.Parse(text.GetString()!, CultureInfo.InvariantCulture);

    private static string KeyOf(int turn) => string.Create(CultureInfo.InvariantCulture, $"session/00-1/{turn + 1:D4}");
}
