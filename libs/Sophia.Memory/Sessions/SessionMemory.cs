using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Sessions;

/// <summary>
/// Conversations: turns in order, each a row of the log with a receipt, read from the end. A session is a record of the
/// tenant's reserved namespace, and its turns are the records under it; so everything that holds for records holds here.
/// </summary>
public sealed class SessionMemory
{
    private const int TurnsPerAppend = 100;
    private const int DefaultLast = 20;
    private const int Page = 200;
    private const int GuardAttempts = 8;
    private readonly MemoryHierarchy _memory;
    private readonly IRecordStore _store;
    private readonly NamespaceDirectory _namespaces;

    internal SessionMemory(MemoryHierarchy memory, IRecordStore store, NamespaceDirectory namespaces) =>
        (_memory, _store, _namespaces) = (memory, store, namespaces);

    private static NamespaceSettings Settings => new() { VectorSource = VectorSource.None };

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
        return outcome.GuardFailed ? null : AnswerOf(outcome, drafts.Length, wanted.ExpiresAt);
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

    /// <summary>The last turns, as many as asked for or as fit the tokens, and slides the time to live; null when there is no such session.</summary>
    /// <param name="last">1 or more; null with <paramref name="maxTokens"/> null: the last 20.</param>
    /// <param name="maxTokens">The newest turns whose tokens together are at most so many; may be none.</param>
    public async Task<SessionView?> ReadAsync(
        string tenant, string id, int? last, int? maxTokens, Sequence minSequence, Trail trail, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenant, id, minSequence, trail, cancellationToken).ConfigureAwait(false) is not ({ } ns, { } header, var sequence))
        {
            return null;
        }

        if (!minSequence.IsNone && minSequence.Partition != ns.Partition)
        {
            throw new RefusedException("invalid-token", "The sequence token is not one of a session's.", "Send the token of the append that the read must see.");
        }

        var wanted = last ?? (maxTokens is null ? DefaultLast : int.MaxValue);
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var turns = new List<Turn>();
        var tokens = 0L;
        var total = 0L;
        await foreach (var turn in NewestFirstAsync(ns, id, Math.Min(wanted, Page), cancellationToken).ConfigureAwait(false))
        {
            total = Math.Max(total, turn.Number);
            if (turns.Count == wanted || (maxTokens is { } budget && tokens + turn.Tokens > budget))
            {
                break;
            }

            turns.Add(turn);
            tokens += turn.Tokens;
        }

        trail.Add("l3", started);
        trail.ServedBy = Tiers.Tier.L3;
        turns.Reverse();
        header = await SlideAsync(ns, id, header, sequence, trail).ConfigureAwait(false);
        return new SessionView(id, header.IsOpen, turns, total, tokens, header.ExpiresAt);
    }

    /// <summary>Closes the session: no more turns. With a target, its turns become records there first. Null when there is no such session.</summary>
    /// <remarks>Closing again promotes what is not there yet and changes nothing else, so an interrupted close can be repeated.</remarks>
    public async Task<CloseAnswer?> CloseAsync(
        string tenant, string id, string? promoteTo, IdempotencyMark? mark, Trail trail, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenant, id, Sequence.None, trail, cancellationToken).ConfigureAwait(false) is not ({ } ns, { } header, var sequence))
        {
            return null;
        }

        // Closed first: appends are guarded by the session's record, so no turn can slip in behind the promotion.
        if (!await CloseRecordAsync(ns, id, header, sequence, mark, trail, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        var receipts = new List<(string, Receipt)>();
        if (promoteTo is not null)
        {
            var target = await _memory.NamespaceForWriteAsync(tenant, promoteTo, 0, cancellationToken).ConfigureAwait(false);
            await PromoteAsync(ns, id, target, receipts, trail, cancellationToken).ConfigureAwait(false);
        }

        return new CloseAnswer(receipts.Count(r => !r.Item2.IsRejected), receipts);
    }

    // False when the session ended or was forgotten meanwhile: a close must not bring it back.
    private async Task<bool> CloseRecordAsync(
        NamespaceInfo ns, string id, SessionHeader header, Sequence current, IdempotencyMark? mark, Trail trail, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < GuardAttempts; attempt++)
        {
            var group = new WriteGroup([HeaderPut(ns, id, header with { IsOpen = false })], mark) { Guard = new GroupGuard(ns, id, current) };
            if (!(await _memory.WriteAsync(group, trail).ConfigureAwait(false)).GuardFailed)
            {
                return true;
            }

            var record = await _store.GetAsync(ns, id, cancellationToken).ConfigureAwait(false);
            if (record is null || record.IsExpired(_memory.Clock.GetUtcNow()))
            {
                return false;
            }

            (header, current) = (SessionHeader.Read(record), record.Sequence);
        }

        throw new StoreUnavailableException($"Session '{id}' changes faster than it can be closed.");
    }

    /// <summary>Erases the session and its turns; null when there is no such session.</summary>
    public async Task<ForgetAnswer?> ForgetAsync(string tenant, string id, Trail trail, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenant, id, Sequence.None, trail, cancellationToken).ConfigureAwait(false) is not ({ } ns, { }, _))
        {
            return null;
        }

        // The turns first: should it stop between the two, the session is still there to be forgotten again.
        var turns = await _memory.ForgetAsync(ns, new ForgetRequest { Prefix = TurnRecord.Prefix(id) }, trail, cancellationToken).ConfigureAwait(false);
        var session = await _memory.ForgetAsync(ns, new ForgetRequest { Keys = [id] }, trail, cancellationToken).ConfigureAwait(false);
        return session with
        {
            Matched = turns.Matched + session.Matched, Versions = turns.Versions + session.Versions, Near = turns.Near + session.Near,
            Shared = turns.Shared + session.Shared, Tombstones = turns.Tombstones + session.Tombstones,
            StillHeldBy = [.. turns.StillHeldBy.Union(session.StillHeldBy)],
        };
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

    private PutOperation HeaderPut(NamespaceInfo ns, string id, SessionHeader header) =>
        new(ns, header.ToDraft(id), _memory.IdOf(ns, id), Precondition.None);

    private async Task<(NamespaceInfo? Namespace, SessionHeader? Header, Sequence Sequence)> FindAsync(
        string tenant, string id, Sequence minSequence, Trail trail, CancellationToken cancellationToken)
    {
        if (await _namespaces.FindAsync(tenant, NamespaceRules.Sessions, cancellationToken).ConfigureAwait(false) is not { } ns)
        {
            return default;
        }

        return await _memory.GetAsync(ns, id, minSequence, trail, cancellationToken).ConfigureAwait(false) is { Entry.Record: { } record }
            ? (ns, SessionHeader.Read(record), record.Sequence)
            : (ns, null, default);
    }

    private async Task<SessionHeader> SlideAsync(NamespaceInfo ns, string id, SessionHeader header, Sequence current, Trail trail)
    {
        var now = _memory.Clock.GetUtcNow();
        if (!header.MustSlide(now))
        {
            return header;
        }

        var slid = header.Slid(now);
        try
        {
            // Whoever changed the session since has slid it, or closed it, and that must stand.
            var group = new WriteGroup([HeaderPut(ns, id, slid)]) { Guard = new GroupGuard(ns, id, current) };
            return (await _memory.WriteAsync(group, trail).ConfigureAwait(false)).GuardFailed ? header : slid;
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreFullException or TooManyWritesException)
        {
            // The turns were read; that the session lives a little shorter is said by the expiry in the answer.
            return header;
        }
    }

    private async Task PromoteAsync(
        NamespaceInfo ns, string id, NamespaceInfo target, List<(string, Receipt)> receipts, Trail trail, CancellationToken cancellationToken)
    {
        string? after = null;
        while (true)
        {
            var records = await _store.ListAsync(ns, TurnRecord.Prefix(id), after, Page, descending: false, cancellationToken).ConfigureAwait(false);
            if (records.Count == 0)
            {
                return;
            }

            after = records[^1].Key;
            var puts = records.Select(record => new PutRequest(new RecordDraft
            {
                Key = $"session/{record.Key}", Content = record.Content, Kind = record.Kind, ContentType = record.ContentType,
                Attributes = TurnRecord.PlacedIn(id, record), Provenance = new Provenance(Source: "session", Session: id), ValidFrom = record.CreatedAt,
            })).ToArray();
            var answer = await _memory.PutAsync(target, puts, null, trail, cancellationToken).ConfigureAwait(false);
            receipts.AddRange(puts.Select((put, i) => (put.Draft.Key, answer.Receipts[i])));
        }
    }

    private async IAsyncEnumerable<Turn> NewestFirstAsync(
        NamespaceInfo ns, string id, int page, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        while (true)
        {
            var records = await _store.ListAsync(ns, TurnRecord.Prefix(id), after, page, descending: true, cancellationToken).ConfigureAwait(false);
            foreach (var record in records)
            {
                yield return TurnRecord.Read(record);
            }

            if (records.Count < page)
            {
                yield break;
            }

            after = records[^1].Key;
        }
    }
}
