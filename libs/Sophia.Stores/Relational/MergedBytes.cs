using Sophia.Memory.Hierarchy;
using Sophia.Memory.Records;

namespace Sophia.Stores.Relational;

/// <summary>
/// How many bytes the records have that a commit merges into: it holds all of them until it is written, and a merge may state next to nothing
/// beside the largest of contents.
/// </summary>
internal sealed class MergedBytes
{
    private const long Most = 64L << 20;

    private int _records;
    private long _bytes;

    /// <exception cref="RefusedException">too-large. One record is never refused.</exception>
    public MemoryRecord Add(MemoryRecord record)
    {
        _bytes += record.Content.Length + record.Attributes.Length;
        return ++_records == 1 || _bytes <= Most ? record : throw new RefusedException(
            "too-large", $"The records that are merged into have over {Most:N0} bytes of contents and attributes.", "Merge into fewer records at once.");
    }
}
