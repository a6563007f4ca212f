using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sophia.Bench.Quality;

/// <summary>
/// A set in one file of lines of JSON: <c>{"key","text"}</c> for a record, <c>{"question","category","relevant":[keys]}</c>
/// for a question.
/// </summary>
internal static class PairSet
{
    public static LabelledSet Read(string name, string file)
    {
        var records = new List<LabelledRecord>();
        var questions = new List<LabelledQuestion>();
        foreach (var line in File.ReadLines(file).Where(l => l.Length > 0))
        {
            var pair = JsonSerializer.Deserialize(line, PairJson.Default.PairLine)!;
            if (pair is { Key: { } key, Text: { } text })
            {
                records.Add(new LabelledRecord(key, text, pair.Path, pair.Position, IsTurn: false));
            }
            else
            {
                questions.Add(new LabelledQuestion(pair.Question!, pair.Category!, pair.Relevant!.ToHashSet(StringComparer.Ordinal)));
            }
        }

        return new LabelledSet(name, SetKind.Documents, [new LabelledCollection(name, records, questions, IsHeldOut: false)]);
    }
}

/// <param name="Path">The document that the record is a part of, if it is one.</param>
internal sealed record PairLine(
    string? Key = null, string? Text = null, string? Path = null, int Position = 0,
    string? Question = null, string? Category = null, IReadOnlyList<string>? Relevant = null);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(PairLine))]
internal sealed partial class PairJson : JsonSerializerContext;
