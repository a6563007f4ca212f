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
public sealed partial class SessionMemory
{
    private const int TurnsPerAppend = 100;
    private const int DefaultLast = 20;
    private const int Page = 200;
    private const int MostPage = 1_000;
    private const int GuardAttempts = 8;
    private readonly MemoryHierarchy _memory;
    private readonly IRecordStore _store;
    private readonly NamespaceDirectory _namespaces;

    internal SessionMemory(MemoryHierarchy memory, IRecordStore store, NamespaceDirectory namespaces) =>
        (_memory, _store, _namespaces) = (memory, store, namespaces);

    private static NamespaceSettings Settings => new() { VectorSource = VectorSource.None };

    /// <summary>The last turns, as many as asked for or as fit the tokens, and slides the time to live; null when there is no such session.</summary>
    /// <param name="last">1 or more; null with <paramref name="maxTokens"/> null: the last 20.</param>
    /// <param name="maxTokens">The newest turns whose tokens together are at most so many; may be none.</param>
    /// <exception cref="RefusedException">too-large: the turns take over 64 MiB; invalid-token.</exception>
    public async Task<SessionView?> ReadAsync(
        string tenant, string id, int? last, int? maxTokens, Sequence minSequence, Trail trail, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenant, id, minSequence, trail, cancellationToken).ConfigureAwait(false) is not ({ } ns, { } header, var sequence))
        {
            return null;
        }

        var wanted = last ?? (maxTokens is null ? DefaultLast : int.MaxValue);
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var turns = new List<Turn>();
        var tokens = 0L;
        var total = 0L;
        var size = new AnswerBytes("The turns that were asked for, with their attributes,", "Ask for fewer of them (last, or maxTokens).");
        await foreach (var record in NewestFirstAsync(ns, id, wanted, cancellationToken).ConfigureAwait(false))
        {
            var turn = TurnRecord.Read(record);
            total = Math.Max(total, turn.Number);
            if (maxTokens is { } budget && tokens + turn.Tokens > budget)
            {
                break;
            }

            // In memory, since turns that state that they have no tokens may be many, and next to empty.
            size.Add(record.SizeInMemory);
            turns.Add(turn);
            tokens += turn.Tokens;
        }

        trail.Add("l3", started);
        trail.ServedBy = Tiers.Tier.L3;
        turns.Reverse();
        header = await SlideAsync(ns, id, header, sequence, trail).ConfigureAwait(false);
        return new SessionView(id, header.IsOpen, turns, total, tokens, header.ExpiresAt);
    }

    /// <summary>Erases the session and its turns; null when there is no such session.</summary>
    public async Task<ForgetAnswer?> ForgetAsync(string tenant, string id, Trail trail, CancellationToken cancellationToken)
    {
        // Closed first: appends are guarded by the session's record, so no turn can come after the others are erased.
        if (await FindAsync(tenant, id, Sequence.None, trail, cancellationToken).ConfigureAwait(false) is not ({ } ns, { } header, var sequence) ||
            !await CloseRecordAsync(ns, id, header, sequence, promotes: false, null, trail, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        // The turns before the record: should it stop between the two, the session is still there to be forgotten again.
        var turns = await _memory.ForgetAsync(ns, new ForgetRequest { Prefix = TurnRecord.Prefix(id) }, trail, cancellationToken).ConfigureAwait(false);
        var session = await _memory.ForgetAsync(ns, new ForgetRequest { Keys = [id] }, trail, cancellationToken).ConfigureAwait(false);
        return session with
        {
            Matched = turns.Matched + session.Matched, Versions = turns.Versions + session.Versions, Near = turns.Near + session.Near,
            Shared = turns.Shared + session.Shared, Tombstones = turns.Tombstones + session.Tombstones,
            StillHeldBy = [.. turns.StillHeldBy.Union(session.StillHeldBy)], NotConfirmed = [.. turns.NotConfirmed.Union(session.NotConfirmed)],
        };
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

        // Before anything is looked up: how far the log of another namespace is, is nobody's business.
        if (!minSequence.IsNone && minSequence.Partition != ns.Partition)
        {
            throw new RefusedException("invalid-token", "The sequence token is not one of a session's.", "Send the token of the append that the read must see.");
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

    private async IAsyncEnumerable<MemoryRecord> NewestFirstAsync(
        NamespaceInfo ns, string id, int wanted, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        for (var rows = new PageRows(MostPage, RowPage.MostBytes, first: Page); wanted > 0;)
        {
            var asked = Math.Min(wanted, rows.Next);
            var page = await _store.ListAsync(ns, TurnRecord.Prefix(id), after, asked, descending: true, cancellationToken).ConfigureAwait(false);
            rows.Took(page);
            foreach (var record in page)
            {
                yield return record;
            }

            if (page.IsLast(asked))
            {
                yield break;
            }

            wanted -= page.Count;
            after = page[^1].Key;
        }
    }
}
