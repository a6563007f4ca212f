namespace Sophia.Memory.Search;

/// <summary>Newer records score higher.</summary>
/// <param name="Weight">0–1: what a record of this moment gains, as a share of the best hit's score by words and vector.</param>
/// <param name="HalfLife">Above zero: the gain halves with each such span of age. Age counts from valid-from, else from creation.</param>
public sealed record Recency(double Weight, TimeSpan HalfLife);

/// <summary>A time that a query speaks of.</summary>
/// <param name="Text">The words, as they stand in the query.</param>
/// <param name="From">Inclusive; the earliest instant where the time has no beginning.</param>
/// <param name="To">Exclusive; the latest instant where the time has no end.</param>
public sealed record DateMention(string Text, DateTimeOffset From, DateTimeOffset To);

/// <summary>A record that was left out because it says almost what a better hit says.</summary>
/// <param name="Similarity">Cosine of the two vectors.</param>
public readonly record struct FoldedRecord(string Key, double Similarity);

/// <summary>A record that stands before or after a hit in its conversation or document.</summary>
public readonly record struct NeighbourKey(string Key, Log.Sequence Sequence);
