using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Memory.Sessions;

/// <param name="Role">user, assistant, tool, …; 1–64 characters.</param>
/// <param name="Attributes">A JSON object, UTF-8; empty for none.</param>
/// <param name="Tokens">Null: estimated as characters ÷ 4, rounded up.</param>
public sealed record TurnDraft(string Role, string Content, ReadOnlyMemory<byte> Attributes, int? Tokens);

/// <param name="Number">From 1, without gaps.</param>
public sealed record Turn(
    long Number, string Role, string Content, ReadOnlyMemory<byte> Attributes, int Tokens, DateTimeOffset At, Sequence Sequence);

/// <param name="Turns">The last ones that were asked for, oldest first.</param>
/// <param name="Tokens">Tokens of <paramref name="Turns"/>.</param>
public sealed record SessionView(
    string Id, bool IsOpen, IReadOnlyList<Turn> Turns, long TotalTurns, long Tokens, DateTimeOffset ExpiresAt);

public sealed record AppendAnswer(WriteAnswer Writes, IReadOnlyList<long> Numbers, DateTimeOffset ExpiresAt);

public sealed record CloseAnswer(int Promoted, IReadOnlyList<(string Key, Receipt Receipt)> Receipts);
