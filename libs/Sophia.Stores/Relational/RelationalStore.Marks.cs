using System.Data.Common;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Relational;

internal abstract partial class RelationalStore
{
    public async Task<WriteOutcome?> FindReplayAsync(IdempotencyMark mark, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var stored = await ReadAsync((mark, now), static (session, q, ct) => FirstAsync(
            session.Command("SELECT request_hash, results FROM idempotency WHERE tenant = @tenant AND key_hash = @key AND expires_at > @now")
                .With("@tenant", q.mark.Tenant).With("@key", q.mark.KeyHash).With("@now", UnixTime.ToMs(q.now)),
            static row => new StoredMark(row.GetFieldValue<byte[]>(0), row.GetFieldValue<byte[]>(1)), ct), cancellationToken).ConfigureAwait(false);
        if (stored is null)
        {
            return null;
        }

        if (!stored.RequestHash.AsSpan().SequenceEqual(mark.RequestHash))
        {
            return new WriteOutcome([], [], [], MarkConflict: true);
        }

        var (receipts, appends) = MarkResults.Decode(stored.Results);
        var outcome = new WriteOutcome(receipts, new string?[receipts.Length], [], Replayed: true);
        return await WithAppendedKeysAsync(outcome, appends, cancellationToken).ConfigureAwait(false);
    }

    public Task<int> TrimMarksAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        WriteAsync((now, limit), static (session, q, ct) => session.Command(
            "DELETE FROM idempotency WHERE (tenant, key_hash) IN " +
            "(SELECT tenant, key_hash FROM idempotency WHERE expires_at <= @now LIMIT @limit)")
            .With("@now", UnixTime.ToMs(q.now)).With("@limit", q.limit).ExecuteNonQueryAsync(ct), cancellationToken);

    /// <summary>The keys that appends made, as far as their contents are still there.</summary>
    private async Task<WriteOutcome> WithAppendedKeysAsync(WriteOutcome outcome, bool[] appends, CancellationToken cancellationToken)
    {
        var places = new Dictionary<long, int>();
        for (var i = 0; i < appends.Length; i++)
        {
            if (appends[i])
            {
                places[outcome.Receipts[i].Sequence.Value] = i;
            }
        }

        if (places.Count == 0)
        {
            return outcome;
        }

        var keys = new string?[appends.Length];
        var found = await ReadAsync((store: this, places), static (session, q, ct) => ListAsync(
            session.Command($"SELECT lsn, key FROM contents WHERE lsn IN ({q.store.ValuesOf("@lsns")})").With("@lsns", q.store.Set(q.places.Keys)),
            static (DbDataReader row) => (Lsn: row.GetInt64(0), Key: row.GetString(1)), ct), cancellationToken).ConfigureAwait(false);
        foreach (var (lsn, key) in found)
        {
            keys[places[lsn]] = key;
        }

        return outcome with { Keys = keys };
    }
}
