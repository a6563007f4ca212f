using Sophia.Memory.Log;

namespace Sophia.Memory.Records;

/// <summary>How the content of a record is to be read. Stored; values never change.</summary>
public enum ContentKind : byte
{
    /// <summary>UTF-8 text.</summary>
    Text = 1,

    /// <summary>One JSON value, UTF-8, as the caller wrote it.</summary>
    Json = 2,

    /// <summary>Bytes that Sophia does not look into.</summary>
    Bytes = 3,
}

/// <summary>Where a memory comes from, as its writer states it. Each part is at most 1,024 characters.</summary>
public sealed record Provenance(string? Source = null, string? Agent = null, string? Session = null, string? Uri = null);

/// <summary>One version of a record: what was written, and where it stands in the log. Immutable.</summary>
public sealed record MemoryRecord
{
    public required long NamespaceId { get; init; }

    /// <summary>1–512 characters.</summary>
    public required string Key { get; init; }

    public required RecordId Id { get; init; }

    public ContentKind Kind { get; init; } = ContentKind.Text;

    /// <summary>The content's bytes: UTF-8 for text and JSON.</summary>
    public required ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>The media type, such as text/markdown.</summary>
    public required string ContentType { get; init; }

    /// <summary>Distinct, in the writer's order.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>A JSON object, UTF-8; empty when there are none.</summary>
    public ReadOnlyMemory<byte> Attributes { get; init; }

    public Provenance? Provenance { get; init; }

    /// <summary>The vector that search uses; null where there is none. Its length is the namespace's dimension.</summary>
    public float[]? Vector { get; init; }

    /// <summary>Which model made the vector; null when the caller gave it or there is none.</summary>
    public string? VectorModel { get; init; }

    /// <summary>1 for the first; counts on after a delete, starts anew after a forget.</summary>
    public int Version { get; init; }

    public Sequence Sequence { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>From this instant on no reader sees the record.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When the fact began to hold in the world, if stated.</summary>
    public DateTimeOffset? ValidFrom { get; init; }

    /// <summary>When the fact ceased to hold, if stated; exclusive.</summary>
    public DateTimeOffset? ValidTo { get; init; }

    public bool IsExpired(DateTimeOffset now) => ExpiresAt is { } at && at <= now;

    /// <summary>Bytes that the record takes in a cache, near enough to budget by.</summary>
    public int SizeInMemory => 256 + Content.Length + Attributes.Length + (2 * Key.Length) + (32 * Tags.Count) + (4 * (Vector?.Length ?? 0));
}
