using Sophia.Memory.Records;

namespace Sophia.Memory.Log;

/// <summary>What a row of the log did. The values are stored; they never change their meaning.</summary>
public enum ChangeKind : byte
{
    /// <summary>A version of a record was written.</summary>
    Put = 1,

    /// <summary>The record was deleted: gone for readers, its history stays.</summary>
    Delete = 2,

    /// <summary>The record was erased with all its versions: only this tombstone remains.</summary>
    Forget = 3,

    /// <summary>The record's time ran out and the clean-up took it away.</summary>
    Expire = 4,
}

/// <summary>One row of the log, with the content that it refers to.</summary>
/// <param name="Sequence">Its place in the log.</param>
/// <param name="NamespaceId">The namespace that changed.</param>
/// <param name="Id">The record that changed: the keyed hash of its key, which outlives the key.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Version">The record's version after the change.</param>
/// <param name="Previous">The change of the same record before this one, or none.</param>
/// <param name="RecordedAt">When it was committed; never decreases within a partition.</param>
/// <param name="Record">For a put, the record as written; null for the other kinds, where the content was erased since, and in a head.</param>
/// <param name="Key">The record's key; null once the record was forgotten.</param>
public sealed record LogEntry(
    Sequence Sequence,
    long NamespaceId,
    RecordId Id,
    ChangeKind Kind,
    int Version,
    Sequence Previous,
    DateTimeOffset RecordedAt,
    MemoryRecord? Record,
    string? Key);
