using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <summary>One version of a record, as the service holds it.</summary>
public record MemoryRecord
{
    public required string Key { get; init; }

    /// <summary>Null when the content is bytes.</summary>
    public MemoryContent? Content { get; init; }

    /// <summary>Null when the content is text or JSON.</summary>
    [JsonPropertyName("contentBase64")]
    public byte[]? Bytes { get; init; }

    public string? ContentType { get; init; }

    public IReadOnlyList<string> Tags { get => field ?? []; init; }

    public JsonObject? Attributes { get; init; }

    public int Version { get; init; }

    /// <summary>Send it with a read that must see this version.</summary>
    public string? Sequence { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? ValidFrom { get; init; }

    public DateTimeOffset? ValidTo { get; init; }

    public Provenance? Provenance { get; init; }

    /// <summary>Only when asked for.</summary>
    public float[]? Vector { get; init; }

    /// <summary>Which model made the vector; only with the vector.</summary>
    public string? VectorModel { get; init; }
}

/// <summary>The content of a record alone.</summary>
public sealed record RawContent(byte[] Bytes, string? ContentType);

/// <summary>One change of a record.</summary>
/// <param name="Change"><c>put</c>, <c>delete</c> or <c>expire</c>.</param>
/// <param name="Record">The version written; null for the other changes.</param>
public sealed record HistoryEntry(string Change, int Version, string Sequence, DateTimeOffset RecordedAt, MemoryRecord? Record);
