using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Sophia.Bench.Quality;

/// <summary>
/// Conversations with questions whose evidence is marked by turn, as LoCoMo (Maharana et al., "Evaluating Very Long-Term
/// Conversational Memory of LLM Agents", ACL 2024) and REALTALK (Lee et al., 2025) publish them: one file a pair of
/// people, <c>session_n</c> with its turns (LoCoMo has them within <c>conversation</c>), <c>qa</c> with <c>evidence</c>. Each file is a collection of its own. Turns
/// become records as the close of a session makes them, with the speaker before the text and the caption of a picture
/// behind it. Every second file, in the order of names, is held out.
/// </summary>
internal static partial class ConversationSet
{
    private static readonly string[] TimeForms =
        ["h:mm tt 'on' d MMMM, yyyy", "h:mm tt 'on' d MMMM yyyy", "dd.MM.yyyy, HH:mm:ss", "dd.MM.yyyy, H:mm:ss"];

    public static LabelledSet Read(string name, string folder)
    {
        var files = Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal).ToArray();
        var collections = files.Select((file, i) => ReadFile(file, i)).ToArray();
        return collections.Length > 0 ? new LabelledSet(name, SetKind.Conversations, collections)
            : throw new FileNotFoundException($"There is no conversation (*.json) in {folder}.");
    }

    private static LabelledCollection ReadFile(string file, int number)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        var name = Path.GetFileNameWithoutExtension(file);
        var records = new List<LabelledRecord>();
        var keyOf = new Dictionary<string, string>(StringComparer.Ordinal);
        var conversation = json.RootElement.TryGetProperty("conversation", out var within) ? within : json.RootElement;
        foreach (var property in conversation.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Array || !SessionName().IsMatch(property.Name))
            {
                continue;
            }

            // Numbers only, as ids of sessions say nothing: the name of a file would put the speakers' names into every key.
            var session = string.Create(CultureInfo.InvariantCulture, $"{number:D2}-{property.Name["session_".Length..]}");
            var at = conversation.TryGetProperty(property.Name + "_date_time", out var time) ? TimeOf(time.GetString()!) : null;
            var position = 0;
            foreach (var turn in property.Value.EnumerateArray())
            {
                var key = string.Create(CultureInfo.InvariantCulture, $"session/{session}/{position + 1:D4}");
                keyOf[turn.GetProperty("dia_id").GetString()!] = key;
                records.Add(new LabelledRecord(key, TextOf(turn), session, position++, at));
            }
        }

        var questions = new List<LabelledQuestion>();
        foreach (var asked in json.RootElement.GetProperty("qa").EnumerateArray())
        {
            var relevant = EvidenceOf(asked).Where(keyOf.ContainsKey).Select(id => keyOf[id]).ToHashSet(StringComparer.Ordinal);
            if (relevant.Count > 0)
            {
                questions.Add(new LabelledQuestion(asked.GetProperty("question").ToString(), CategoryOf(asked), relevant));
            }
        }

        return new LabelledCollection(name, records, questions, IsHeldOut: number % 2 == 1);
    }

    private static string TextOf(JsonElement turn)
    {
        var said = (turn.TryGetProperty("clean_text", out var clean) ? clean : turn.GetProperty("text")).GetString();
        var text = $"{turn.GetProperty("speaker").GetString()}: {said}";
        return turn.TryGetProperty("blip_caption", out var caption) && caption.GetString() is { Length: > 0 } shown
            ? $"{text} [shares {shown}]" : text;
    }

    private static string CategoryOf(JsonElement asked) => asked.GetProperty("category").GetInt32() switch
    {
        1 => "multi-hop",
        2 => "temporal",
        3 => "open-domain",
        4 => "single-hop",
        5 => "adversarial",
        var other => other.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Ids such as D3:4, and ranges such as D3:4-D3:9, however they are separated.</summary>
    private static IEnumerable<string> EvidenceOf(JsonElement asked)
    {
        if (!asked.TryGetProperty("evidence", out var evidence) || evidence.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        foreach (Match match in evidence.EnumerateArray().SelectMany(e => Evidence().Matches(e.ToString())))
        {
            var first = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
            var last = match.Groups[3].Success ? int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture) : first;
            for (var turn = first; turn <= last; turn++)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"D{match.Groups[1].Value}:{turn}");
            }
        }
    }

    private static DateTimeOffset? TimeOf(string text) =>
        DateTimeOffset.TryParseExact(text, TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    [GeneratedRegex(@"^session_\d+$")]
    private static partial Regex SessionName();

    [GeneratedRegex(@"D(\d+):(\d+)(?:\s*-\s*(?:D\1:)?(\d+))?")]
    private static partial Regex Evidence();
}
