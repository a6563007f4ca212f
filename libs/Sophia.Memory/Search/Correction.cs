namespace Sophia.Memory.Search;

/// <summary>A word of the query that hardly a record has, and the words that were looked for in its place or beside it.</summary>
/// <param name="From">In lower case.</param>
/// <param name="To">The likeliest first; as a hit spells it; where none has it, as it was looked for.</param>
public sealed record Correction(string From, IReadOnlyList<string> To)
{
    /// <summary>What each of <see cref="To"/> is in the index.</summary>
    public IReadOnlyList<string> Terms { get; init; } = [];
}
