using Sophia.Memory.Hierarchy;
using Sophia.Memory.Records;

namespace Sophia.Stores.Relational;

/// <summary>
/// How many bytes the records have that a commit merges into: it holds all of them until it is written, and a merge may state next to nothing
/// beside the largest of contents. Those beyond are left out while they are looked up; whether any of them is merged into shows only then, since a
/// group may be a replay, or ask for another version.
/// </summary>
internal sealed class MergedBytes
{
    public const long Most = 64L << 20;

    private int _records;
    private long _bytes;

    /// <summary>No further record is taken.</summary>
    public bool IsFull => _bytes > Most;

    /// <returns>Null beyond so many bytes; the first one always comes back.</returns>
    public MemoryRecord? Add(MemoryRecord record)
    {
        _bytes += record.Content.Length + record.Attributes.Length;
        return ++_records == 1 || !IsFull ? record : null;
    }

    /// <summary>What is merged into was left out.</summary>
    public static RefusedException Refusal() => new(
        "too-large", $"The records that are merged into have over {Most:N0} bytes of contents and attributes.", "Merge into fewer records at once.");
}
