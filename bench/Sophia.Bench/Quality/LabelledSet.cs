namespace Sophia.Bench.Quality;

/// <summary>What a set is made of: the target of the ranking depends on it.</summary>
internal enum SetKind
{
    Documents,
    Conversations,
}

/// <param name="Conversation">What the record is a turn or a section of; null for a document of its own.</param>
/// <param name="Position">Its place there, from 0.</param>
/// <param name="IsTurn">Of a conversation; else it is a section of a document.</param>
internal sealed record LabelledRecord(
    string Key, string Text, string? Conversation = null, int Position = 0, DateTimeOffset? At = null, bool IsTurn = true);

/// <param name="Relevant">The keys of the records that answer it; a record counts or does not.</param>
internal sealed record LabelledQuestion(string Text, string Category, IReadOnlySet<string> Relevant);

/// <summary>Records that are searched together, and the questions about them.</summary>
/// <param name="IsHeldOut">Nothing was tuned on it.</param>
internal sealed record LabelledCollection(
    string Name, IReadOnlyList<LabelledRecord> Records, IReadOnlyList<LabelledQuestion> Questions, bool IsHeldOut);

internal sealed record LabelledSet(string Name, SetKind Kind, IReadOnlyList<LabelledCollection> Collections)
{
    /// <exception cref="ArgumentException">The kind is none that is known.</exception>
    /// <exception cref="IOException">There is nothing of that form at the path.</exception>
    public static LabelledSet Read(string name, string path) => name switch
    {
        "cranfield" => CranfieldSet.Read(name, path),
        "own" => OwnSet.Read(name, path),
        _ when Directory.Exists(path) && MeetingSet.IsAt(path) => MeetingSet.Read(name, path),
        _ when Directory.Exists(path) => ConversationSet.Read(name, path),
        _ when path.EndsWith(".ndjson", StringComparison.Ordinal) => PairSet.Read(name, path),
        _ => throw new FileNotFoundException($"There is no labelled set at {path}: a folder of conversations or meetings, or an .ndjson file of pairs."),
    };
}
