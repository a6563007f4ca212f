using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <summary>A turn to append.</summary>
/// <param name="Role">Such as <c>user</c>, <c>assistant</c>, <c>tool</c>.</param>
/// <param name="Tokens">Estimated by the service when null: characters ÷ 4, rounded up.</param>
public sealed record TurnDraft(string Role, string Content, JsonObject? Attributes = null, int? Tokens = null);

/// <summary>What appending gave.</summary>
/// <param name="Turns">How many turns were appended.</param>
public sealed record AppendedTurns([property: JsonRequired] IReadOnlyList<Receipt> Receipts, long Turns, DateTimeOffset? ExpiresAt);

/// <summary>A turn as the session holds it.</summary>
/// <param name="Number">Its place, counted from the session's first turn.</param>
public sealed record SessionTurn(
    long Number, string Role, string Content, JsonObject? Attributes, int Tokens, DateTimeOffset At, string? Sequence);

/// <summary>A session's latest turns, oldest first.</summary>
/// <param name="TotalTurns">All that it holds, not only those here.</param>
/// <param name="Tokens">The sum over the turns here.</param>
public sealed record Session(
    string Id, string State, [property: JsonRequired] IReadOnlyList<SessionTurn> Turns, long TotalTurns, long Tokens, DateTimeOffset? ExpiresAt);

/// <summary>What closing a session left behind.</summary>
/// <param name="Promoted">Turns that became records.</param>
public sealed record ClosedSession(long Promoted, [property: JsonRequired] IReadOnlyList<Receipt> Receipts);

internal sealed record TurnBatch(IReadOnlyList<TurnDraft> Turns, long? TtlSeconds);

internal sealed record CloseRequest(string? PromoteTo);
