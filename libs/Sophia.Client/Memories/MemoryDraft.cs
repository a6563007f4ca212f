using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <summary>Where a memory comes from, as its writer states it. Each part is at most 1,024 characters.</summary>
public sealed record Provenance(string? Source = null, string? Agent = null, string? Session = null, string? Uri = null);

/// <summary>What to do when the key holds a record already. The service's default is to replace it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<IfPresent>))]
public enum IfPresent
{
    [JsonStringEnumMemberName("replace")] Replace,
    [JsonStringEnumMemberName("merge")] Merge,
    [JsonStringEnumMemberName("reject")] Reject,
}

/// <summary>A record to write. One of <see cref="Content"/> and <see cref="Bytes"/> is set, never both; a merge needs neither.</summary>
public sealed record MemoryDraft
{
    /// <summary>1–512 characters, none of them a control character. Needed in a batch; elsewhere the key stands in the path.</summary>
    public string? Key { get; init; }

    public MemoryContent? Content { get; init; }

    [JsonPropertyName("contentBase64")]
    public byte[]? Bytes { get; init; }

    /// <summary>The media type; the service takes text/plain, application/json or application/octet-stream when absent.</summary>
    public string? ContentType { get; init; }

    public IReadOnlyList<string>? Tags { get; init; }

    public JsonObject? Attributes { get; init; }

    /// <summary>A vector of the namespace's dimension, where the namespace takes the caller's vectors.</summary>
    public float[]? Vector { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Seconds to live from the write; instead of <see cref="ExpiresAt"/>.</summary>
    public double? TtlSeconds { get; init; }

    public DateTimeOffset? ValidFrom { get; init; }

    public DateTimeOffset? ValidTo { get; init; }

    public Provenance? Provenance { get; init; }

    public IfPresent? IfPresent { get; init; }

    public static MemoryDraft OfText(string text, string? key = null) => new() { Key = key, Content = text };
}
