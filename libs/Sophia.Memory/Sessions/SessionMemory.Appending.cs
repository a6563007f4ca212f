using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Sessions;

public sealed partial class SessionMemory
{
    /// <summary>Appends 1–100 turns, durable when the task completes; makes the session on first use and slides its time to live.</summary>
    /// <param name="timeToLive">Null: as it is, or the default for a new session.</param>
    /// <exception cref="RefusedException">session-closed; invalid-record (no turns, too many, or a turn that breaks a limit).</exception>
    public async Task<AppendAnswer> AppendAsync(
        string tenant, string id, IReadOnlyList<TurnDraft> turns, TimeSpan? timeToLive, IdempotencyMark? mark, Trail trail,
        CancellationToken cancellationToken)
    {
        var drafts = Check(id, turns);
        var ns = await _namespaces.EnsureAsync(tenant, NamespaceRules.Sessions, Settings, cancellationToken).ConfigureAwait(false);
        var current = (await _memory.GetAsync(ns, id, Sequence.None, trail, cancellationToken).ConfigureAwait(false)).Entry?.Record;
        for (var attempt = 0; ; attempt++)
        {
            // The copy at hand is asked first. When it is old, or says that there is no session, the store knows.
            current = attempt > 0 || current is null ? await _store.GetAsync(ns, id, cancellationToken).ConfigureAwait(false) : current;
            if (await TryAppendAsync(ns, id, drafts, timeToLive, mark, current, trail, cancellationToken).ConfigureAwait(false) is { } answer)
            {
                return answer;
            }

            if (attempt == GuardAttempts)
            {
                throw new StoreUnavailableException($"Session '{id}' changes faster than turns can be appended to it.");
            }
        }
    }

    // Null when the session changed since its record was read: begun, slid, closed, ended or cleaned up by someone else.
    private async Task<AppendAnswer?> TryAppendAsync(
        NamespaceInfo ns, string id, RecordDraft[] drafts, TimeSpan? timeToLive, IdempotencyMark? mark, MemoryRecord? current, Trail trail,
        CancellationToken cancellationToken)
    {
        var now = _memory.Clock.GetUtcNow();
        var header = current is null || current.IsExpired(now) ? null : SessionHeader.Read(current);
        if (header is { IsOpen: false })
        {
            // A request that comes again after the close has its answer already.
            if (mark is null || await _store.FindReplayAsync(mark, now, cancellationToken).ConfigureAwait(false) is not { MarkConflict: false } replay)
            {
                throw new RefusedException("session-closed", $"Session '{id}' is closed.", "Append to a session with another id.");
            }

            return AnswerOf(replay, drafts.Length, header.ExpiresAt);
        }

        var guard = new GroupGuard(ns, id, current?.Sequence ?? Sequence.None);
        if (current is not null && header is null && !await ForgetEndedAsync(ns, id, guard, trail, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        var operations = drafts.Select(draft => (WriteOperation)new AppendOperation(ns, draft)).ToList();
        var wanted = header ?? new SessionHeader(IsOpen: true, _memory.Options.SessionTimeToLive, default);
        var resized = timeToLive is { } given && given != wanted.TimeToLive;
        wanted = resized ? wanted with { TimeToLive = timeToLive!.Value } : wanted;
        if (header is null || resized || wanted.MustSlide(now))
        {
            wanted = wanted.Slid(now);
            operations.Add(HeaderPut(ns, id, wanted));
        }

        var outcome = await _memory.WriteAsync(new WriteGroup(operations, mark) { Guard = guard }, trail).ConfigureAwait(false);
        if (outcome.GuardFailed)
        {
            return null;
        }

        // What comes again slides nothing.
        return AnswerOf(outcome, drafts.Length, outcome.Replayed && header is not null ? header.ExpiresAt : wanted.ExpiresAt);
    }

    // The turns of a replay may have been forgotten since; their numbers went with them.
    private static AppendAnswer AnswerOf(WriteOutcome outcome, int turns, DateTimeOffset expiresAt)
    {
        var keys = outcome.Keys.Take(turns).ToArray();
        return new AppendAnswer(
            new WriteAnswer([.. outcome.Receipts.Take(turns)], keys, outcome.Replayed),
            [.. keys.Select(key => key is null ? 0 : TurnRecord.NumberOf(key))], expiresAt);
    }

    // Turns of an ended session may still wait for the clean-up; the new one must not show them. False when it is not ended any more.
    private async Task<bool> ForgetEndedAsync(NamespaceInfo ns, string id, GroupGuard guard, Trail trail, CancellationToken cancellationToken)
    {
        while (true)
        {
            var keys = await _store.ListKeysAsync(ns, TurnRecord.Prefix(id), null, Page, cancellationToken).ConfigureAwait(false);
            if (keys.Count == 0)
            {
                return true;
            }

            var operations = keys.Select(key => (WriteOperation)new ForgetOperation(ns, key, _memory.IdOf(ns, key)));
            var outcome = await _memory.WriteAsync(new WriteGroup([.. operations]) { Guard = guard }, trail).ConfigureAwait(false);
            if (outcome.GuardFailed)
            {
                return false;
            }
        }
    }

    private RecordDraft[] Check(string id, IReadOnlyList<TurnDraft> turns)
    {
        if (turns.Count is 0 or > TurnsPerAppend)
        {
            throw new RefusedException("invalid-record", $"An append has 1 to {TurnsPerAppend} turns; this one has {turns.Count}.", "Append in several requests.");
        }

        var drafts = new RecordDraft[turns.Count];
        for (var i = 0; i < drafts.Length; i++)
        {
            var turn = turns[i];
            if (turn.Role.Length is 0 or > 64 || !DraftRules.IsWellFormed(turn.Role) || turn.Tokens < 0)
            {
                throw new RefusedException("invalid-record", $"turns[{i}]: a role has 1 to 64 characters, and tokens are not negative.", "Use roles such as user and assistant.");
            }

            drafts[i] = TurnRecord.ToDraft(TurnRecord.Prefix(id), turn);
            if (DraftRules.Check(drafts[i], _memory.Options.Limits) is { } violation)
            {
                throw new RefusedException(violation.Code, $"turns[{i}].{violation.Path}: {violation.Message}", violation.Suggestion);
            }
        }

        return drafts;
    }
}
