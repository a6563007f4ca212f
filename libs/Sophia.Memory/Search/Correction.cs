namespace Sophia.Memory.Search;

/// <summary>A word of the query that hardly a record has, and the words that were looked for in its place or beside it.</summary>
/// <param name="From">In lower case.</param>
/// <param name="To">The likeliest first; a word that is known only by its stem is given as that.</param>
public sealed record Correction(string From, IReadOnlyList<string> To);
