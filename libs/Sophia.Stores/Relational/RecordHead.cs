using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Stores.Relational;

/// <summary>The row of a key in the table of current records, as a commit finds and leaves it.</summary>
internal sealed class RecordHead
{
    public required long NamespaceId { get; init; }

    public required string Key { get; init; }

    public RecordId Id { get; set; }

    /// <summary>The row is in the table as the transaction began.</summary>
    public bool IsStored { get; init; }

    /// <summary>The row is to be there after the transaction.</summary>
    public bool Exists { get; set; }

    public bool IsTouched { get; set; }

    public Sequence Sequence { get; set; }

    public int Version { get; set; }

    public bool Deleted { get; set; }

    public long CreatedAtMs { get; set; }

    public long? ExpiresAtMs { get; set; }

    public UInt128 ContentHash { get; set; }

    /// <summary>The current version itself, loaded only for merges, and no further than <see cref="MergedBytes"/> says.</summary>
    public MemoryRecord? Record { get; set; }

    public bool Lives(long nowMs) => Exists && !Deleted && (ExpiresAtMs is null || ExpiresAtMs > nowMs);
}

/// <summary>A key of a namespace; keys compare ordinally.</summary>
internal readonly record struct RecordKey(long NamespaceId, string Key);

/// <summary>An idempotency mark by value.</summary>
internal readonly record struct MarkKey(string Tenant, UInt128 HashHigh, UInt128 HashLow)
{
    public static MarkKey Of(Memory.Stores.IdempotencyMark mark) => Of(mark.Tenant, mark.KeyHash);

    public static MarkKey Of(string tenant, ReadOnlySpan<byte> keyHash) => new(
        tenant,
        System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(keyHash),
        System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(keyHash[16..]));
}
