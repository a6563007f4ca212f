using Sophia.Memory.Log;

namespace Sophia.Memory.Stores;

/// <summary>Rows of the log that went.</summary>
/// <param name="Last">The last of them; none where none went.</param>
public readonly record struct TrimmedRows(int Count, Sequence Last);
