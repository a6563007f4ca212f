namespace Sophia.Client;

/// <summary>One change of a namespace, from its log.</summary>
/// <param name="Kind"><c>put</c>, <c>delete</c>, <c>expire</c> or <c>forget</c>.</param>
/// <param name="Token">Where to go on from: everything after this change.</param>
/// <param name="Key">Null once the record was forgotten.</param>
/// <param name="Record">The version written, for a put whose content still exists.</param>
public sealed record ChangeEvent(
    string Kind, string Token, string? RecordId, string? Key, int Version, DateTimeOffset RecordedAt, MemoryRecord? Record);

internal sealed record ChangeData(
    string? RecordId, string? Key, int Version, string? Sequence, DateTimeOffset RecordedAt, MemoryRecord? Record);
