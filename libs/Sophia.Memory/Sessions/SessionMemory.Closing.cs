using System.Security.Cryptography;
using System.Text;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Sessions;

public sealed partial class SessionMemory
{
    private static readonly TimeSpan PromotionsRemembered = TimeSpan.FromDays(30);

    /// <summary>What is to be promoted lives at least so long from the close and from each page: for the page, and for who repeats a close that was cut off.</summary>
    private static readonly TimeSpan PromotionTime = TimeSpan.FromMinutes(10);

    /// <summary>Closes the session: no more turns. With a target, its turns become records there first. Null when there is no such session.</summary>
    /// <remarks>
    /// Closing again promotes what was not promoted yet and changes nothing else, so an interrupted close can be repeated: for 30 days
    /// what was promoted and changed or forgotten since stays so.
    /// </remarks>
    public async Task<CloseAnswer?> CloseAsync(
        string tenant, string id, string? promoteTo, IdempotencyMark? mark, Trail trail, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenant, id, Sequence.None, trail, cancellationToken).ConfigureAwait(false) is not ({ } ns, { } header, var sequence))
        {
            return null;
        }

        // Closed first: appends are guarded by the session's record, so no turn can slip in behind the promotion.
        if (!await CloseRecordAsync(ns, id, header, sequence, promotes: promoteTo is not null, mark, trail, cancellationToken).ConfigureAwait(false))
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
        NamespaceInfo ns, string id, SessionHeader header, Sequence current, bool promotes, IdempotencyMark? mark, Trail trail, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < GuardAttempts; attempt++)
        {
            var closed = (promotes ? ForPromotion(header) : header) with { IsOpen = false };
            var group = new WriteGroup([HeaderPut(ns, id, closed)], mark) { Guard = new GroupGuard(ns, id, current) };
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

    // The same turns, which never change, are promoted once: their versions tell them from those of a later session of the same name.
    private IdempotencyMark PromotionOf(NamespaceInfo target, IReadOnlyList<MemoryRecord> turns)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"session promotion to {target.Id} of {target.CreatedAt.ToUnixTimeMilliseconds()}"));
        foreach (var turn in turns)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"\n{turn.Key} {turn.Sequence.ToToken()}"));
        }

        var name = hash.GetHashAndReset();
        return new IdempotencyMark(target.Tenant, name, name, _memory.Clock.GetUtcNow() + PromotionsRemembered);
    }

    private async Task PromoteAsync(
        NamespaceInfo ns, string id, NamespaceInfo target, List<(string, Receipt)> receipts, Trail trail, CancellationToken cancellationToken)
    {
        // The same turns make the same pages, whoever closes again: each is promoted under a mark of what it has.
        string? after = null;
        for (var rows = new PageRows(Page, RowPage.MostBytes, first: Page); ;)
        {
            var records = await _store.ListAsync(ns, TurnRecord.Prefix(id), after, rows.Next, descending: false, cancellationToken).ConfigureAwait(false);
            if (records.Count == 0)
            {
                return;
            }

            rows.Took(records);

            after = records[^1].Key;
            var puts = records.Select(record => new PutRequest(new RecordDraft
            {
                Key = $"session/{record.Key}", Content = record.Content, Kind = record.Kind, ContentType = record.ContentType,
                Attributes = TurnRecord.PlacedIn(id, record), Provenance = new Provenance(Source: "session", Session: id), ValidFrom = record.CreatedAt,
            })).ToArray();
            var answer = await _memory.PutAsync(target, puts, PromotionOf(target, records), trail, cancellationToken).ConfigureAwait(false);
            receipts.AddRange(puts.Select((put, i) => (put.Draft.Key, answer.Receipts[i])));
            await KeepForPromotionAsync(ns, id, trail, cancellationToken).ConfigureAwait(false);
        }
    }

    private SessionHeader ForPromotion(SessionHeader header)
    {
        var least = _memory.Clock.GetUtcNow() + PromotionTime;
        return header.ExpiresAt < least ? header with { ExpiresAt = least } : header;
    }

    // Its turns go when it expires. One that was forgotten meanwhile is gone with them, and stays so.
    private async Task KeepForPromotionAsync(NamespaceInfo ns, string id, Trail trail, CancellationToken cancellationToken)
    {
        if (await _store.GetAsync(ns, id, cancellationToken).ConfigureAwait(false) is { } record &&
            SessionHeader.Read(record) is var header && header.ExpiresAt < _memory.Clock.GetUtcNow() + (PromotionTime / 2))
        {
            var group = new WriteGroup([HeaderPut(ns, id, ForPromotion(header))]) { Guard = new GroupGuard(ns, id, record.Sequence) };
            await _memory.WriteAsync(group, trail).ConfigureAwait(false);
        }
    }
}
