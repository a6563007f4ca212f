using Sophia.Memory.Log;

namespace Sophia.Memory.Records;

/// <summary>What became of one write. Stored with idempotency keys; values never change.</summary>
public enum ReceiptStatus : byte
{
    /// <summary>A record that was not there is stored.</summary>
    Stored = 1,

    /// <summary>A new version replaced the old one.</summary>
    Replaced = 2,

    /// <summary>The draft was merged into what was there.</summary>
    Merged = 3,

    /// <summary>The same was there already; nothing was written.</summary>
    Unchanged = 4,

    /// <summary>Nothing was written; the reason says why.</summary>
    Rejected = 5,

    /// <summary>The record was deleted; its history stays.</summary>
    Deleted = 6,

    /// <summary>The record and all its versions were erased.</summary>
    Forgotten = 7,
}

/// <summary>Why a write was rejected. Stored with idempotency keys; values never change.</summary>
public enum RejectReason : byte
{
    None = 0,

    /// <summary>The key is there and the draft said to reject, or If-None-Match: * was given.</summary>
    AlreadyExists = 1,

    /// <summary>If-Match named another version than the current one.</summary>
    PreconditionFailed = 2,

    /// <summary>There is no such record to delete, forget or merge into.</summary>
    NotFound = 3,

    /// <summary>The merged record breaks a limit.</summary>
    TooLarge = 4,
}

/// <summary>The answer to one write: what was done, and the token that a later read may ask for.</summary>
public readonly record struct Receipt(ReceiptStatus Status, RejectReason Reason, int Version, Sequence Sequence)
{
    public bool IsRejected => Status == ReceiptStatus.Rejected;

    public static Receipt Rejected(RejectReason reason, int version = 0, Sequence sequence = default) =>
        new(ReceiptStatus.Rejected, reason, version, sequence);
}
