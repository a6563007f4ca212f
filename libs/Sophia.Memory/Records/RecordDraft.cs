namespace Sophia.Memory.Records;

/// <summary>What a write does when the key is there already.</summary>
public enum WhenPresent
{
    /// <summary>Write a new version that replaces the old.</summary>
    Replace,

    /// <summary>
    /// Keep what the draft does not state; attributes merge by RFC 7396 (JSON merge patch), tags unite, content and
    /// vector are replaced where the draft has them.
    /// </summary>
    Merge,

    /// <summary>Reject the draft.</summary>
    Reject,
}

/// <summary>A record to be written, already checked by the rules of <c>DraftRules</c>.</summary>
public sealed record RecordDraft
{
    public required string Key { get; init; }

    public ContentKind Kind { get; init; } = ContentKind.Text;

    /// <summary>Null only when merging: keep the content, its kind, type and vector.</summary>
    public ReadOnlyMemory<byte>? Content { get; init; }

    public string ContentType { get; init; } = "text/plain";

    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>A JSON object, UTF-8; empty for none.</summary>
    public ReadOnlyMemory<byte> Attributes { get; init; }

    public Provenance? Provenance { get; init; }

    /// <summary>The caller's or the embedder's vector; null for none.</summary>
    public float[]? Vector { get; init; }

    public string? VectorModel { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? ValidFrom { get; init; }

    public DateTimeOffset? ValidTo { get; init; }

    public WhenPresent WhenPresent { get; init; }
}
