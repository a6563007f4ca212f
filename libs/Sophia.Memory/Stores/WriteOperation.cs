using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Memory.Stores;

/// <summary>What a write wants to find before it changes anything.</summary>
/// <param name="MustNotExist">If-None-Match: *.</param>
/// <param name="Match">If-Match: the sequence of the version that must be current; none to not ask.</param>
public readonly record struct Precondition(bool MustNotExist, Sequence Match)
{
    public static Precondition None => default;
}

/// <summary>One change that a store is asked to make.</summary>
public abstract record WriteOperation(NamespaceInfo Namespace);

/// <summary>Writes a version of a record.</summary>
public sealed record PutOperation(NamespaceInfo Namespace, RecordDraft Draft, RecordId Id, Precondition Precondition)
    : WriteOperation(Namespace);

/// <summary>
/// Writes a record whose key the store completes inside the transaction: the prefix followed by the next number,
/// ten digits, starting at 1, one more than the greatest in use under the prefix. The draft's key is the prefix.
/// </summary>
public sealed record AppendOperation(NamespaceInfo Namespace, RecordDraft Draft) : WriteOperation(Namespace);

/// <summary>Deletes a record; its history stays.</summary>
public sealed record DeleteOperation(NamespaceInfo Namespace, string Key, RecordId Id, Precondition Precondition)
    : WriteOperation(Namespace);

/// <summary>Erases a record with every version of its content, leaving one tombstone in the log.</summary>
public sealed record ForgetOperation(NamespaceInfo Namespace, string Key, RecordId Id) : WriteOperation(Namespace);

/// <summary>Takes an expired record away, with its content; does nothing unless the sequence is still the current one.</summary>
public sealed record ExpireOperation(NamespaceInfo Namespace, string Key, RecordId Id, Sequence Current) : WriteOperation(Namespace);

/// <summary>The mark of a request that may be sent again: the same key and request give the same receipts.</summary>
/// <param name="Tenant">Keys of different tenants never meet.</param>
/// <param name="KeyHash">SHA-256 of the caller's key, 32 bytes.</param>
/// <param name="RequestHash">SHA-256 of method, path and body, 32 bytes.</param>
/// <param name="ExpiresAt">Until when the store remembers it.</param>
public sealed record IdempotencyMark(string Tenant, byte[] KeyHash, byte[] RequestHash, DateTimeOffset ExpiresAt);

/// <summary>The operations of one request, in order; they share one transaction with the groups of other requests.</summary>
public sealed record WriteGroup(IReadOnlyList<WriteOperation> Operations, IdempotencyMark? Idempotency = null)
{
    /// <summary>When it does not hold, none of the operations is done and the mark is not kept; null for no condition.</summary>
    public GroupGuard? Guard { get; init; }
}

/// <summary>What a group wants to find, inside its transaction, before any of its operations is done.</summary>
/// <param name="Current">The sequence of the record's current version, expired or not; none when there must be no such record.</param>
public sealed record GroupGuard(NamespaceInfo Namespace, string Key, Sequence Current);

/// <summary>What became of a group: a receipt per operation, in order, and what entered the log.</summary>
/// <param name="Receipts">One per operation.</param>
/// <param name="Keys">For appends, the key that was made; null for other operations.</param>
/// <param name="Entries">The log entries of this group, in log order per partition; empty for a replay.</param>
/// <param name="Replayed">True when the idempotency mark was known: the receipts are those of the first time.</param>
/// <param name="MarkConflict">True when the mark was known with another request: nothing was done and there are no receipts.</param>
public sealed record WriteOutcome(
    IReadOnlyList<Receipt> Receipts,
    IReadOnlyList<string?> Keys,
    IReadOnlyList<LogEntry> Entries,
    bool Replayed = false,
    bool MarkConflict = false)
{
    /// <summary>True when the group's guard did not hold: nothing was done, and every receipt is a rejection.</summary>
    public bool GuardFailed { get; init; }

    /// <summary>
    /// Of a group without entries: the last change of each partition of its commit as it was decided. What it says (nothing to change, not
    /// there, done before) may rest on changes of other processes up to there.
    /// </summary>
    public IReadOnlyList<Sequence> DecidedAt { get; init; } = [];

    /// <summary>Content versions erased by forget and expire operations.</summary>
    public int VersionsErased { get; init; }
}
