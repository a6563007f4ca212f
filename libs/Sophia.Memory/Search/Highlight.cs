namespace Sophia.Memory.Search;

/// <summary>A passage of a record's content with the words in it that a query's terms matched.</summary>
/// <param name="Text">Plain text: a piece of the content, or of a string in JSON content, to the letter.</param>
/// <param name="Ranges">Of the words in <paramref name="Text"/>, ascending, without overlap.</param>
public sealed record Highlight(string Text, IReadOnlyList<TextRange> Ranges);

/// <param name="Start">In UTF-16 units.</param>
/// <param name="Length">In UTF-16 units, at least 1.</param>
public readonly record struct TextRange(int Start, int Length);
