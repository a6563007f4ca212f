using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <summary>What became of one write.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ReceiptStatus>))]
public enum ReceiptStatus
{
    [JsonStringEnumMemberName("stored")] Stored,
    [JsonStringEnumMemberName("replaced")] Replaced,
    [JsonStringEnumMemberName("merged")] Merged,
    [JsonStringEnumMemberName("unchanged")] Unchanged,
    [JsonStringEnumMemberName("rejected")] Rejected,
    [JsonStringEnumMemberName("deleted")] Deleted,
    [JsonStringEnumMemberName("forgotten")] Forgotten,
}

/// <summary>The receipt of one write: it is durable once this is here.</summary>
/// <param name="Key">Null for an item of a batch that had none.</param>
/// <param name="Reason">Only when rejected: <c>already-exists</c>, <c>precondition-failed</c>, <c>not-found</c>, <c>too-large</c>, <c>invalid</c>.</param>
public sealed record Receipt(
    string? Key, [property: JsonRequired] ReceiptStatus Status, string? Reason, string? Detail, int? Version, string? Sequence,
    [property: JsonPropertyName("etag")] string? ETag);

/// <summary>The receipts of a batch, in the order of its records.</summary>
public sealed record BatchReceipts(
    [property: JsonRequired] IReadOnlyList<Receipt> Receipts, int Stored, int Replaced, int Merged, int Unchanged, int Rejected, string? Sequence);

/// <summary>When a write is to happen only to a known state.</summary>
/// <param name="IfMatch">The ETag that must still stand, as received.</param>
/// <param name="IfAbsent">Only when the key holds nothing.</param>
public sealed record WriteConditions(string? IfMatch = null, bool IfAbsent = false);

/// <summary>How to read a record.</summary>
public sealed record ReadOptions
{
    /// <summary>As it was recorded at that time.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>The sequence token of a write that the answer must include.</summary>
    public string? MinSequence { get; init; }

    public bool IncludeVector { get; init; }
}

/// <summary>Which records to list. Everything that is set must hold.</summary>
public sealed record ListOptions
{
    public string? Prefix { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];
    public IReadOnlyList<string> AnyTags { get; init; } = [];
    public IReadOnlyList<string> NoTags { get; init; } = [];

    /// <summary>
    /// Conditions as <c>name:op:value</c>; op is eq, ne, lt, le, gt, ge, exists or missing. A name with a colon in it, or a quote before
    /// it, stands in quotes, as a string of JSON.
    /// </summary>
    public IReadOnlyList<string> Attributes { get; init; } = [];

    public DateTimeOffset? CreatedFrom { get; init; }
    public DateTimeOffset? CreatedTo { get; init; }
    public DateTimeOffset? UpdatedFrom { get; init; }
    public DateTimeOffset? UpdatedTo { get; init; }
    public DateTimeOffset? ValidAt { get; init; }

    /// <summary>Records a request; the listing goes on over as many requests as it takes. Default: the service's, 50.</summary>
    public int? PageSize { get; init; }

    public string? MinSequence { get; init; }
}
