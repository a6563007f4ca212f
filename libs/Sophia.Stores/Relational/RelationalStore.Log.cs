using System.Data.Common;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Relational;

internal abstract partial class RelationalStore
{
    // The range stands at the contents too: PostgreSQL would merge both from the first row of the table otherwise.
    private const string FromLog = "FROM log l LEFT JOIN contents c ON c.lsn = l.lsn AND c.lsn > @after AND c.lsn < @end WHERE l.lsn > @after AND l.lsn < @end ";
    private const string InOrder = "ORDER BY l.lsn LIMIT @limit";

    public Task<RowPage<LogEntry>> ReadLogAsync(
        int partition, long after, int limit, long? namespaceId, CancellationToken cancellationToken) =>
        ReadAsync((partition, after, limit, namespaceId), static (session, q, ct) =>
        {
            var command = Ranged(session.Command($"SELECT {LogRows.Columns} {FromLog}{(q.namespaceId is null ? "" : "AND l.ns_id = @ns ")}{InOrder}"), q.partition, q.after, q.limit);
            return EntriesAsync(q.namespaceId is { } ns ? command.With("@ns", ns) : command, q.limit, ct);
        }, cancellationToken);

    public async Task<IReadOnlyList<LogEntry>> ReadLogHeadsAsync(int partition, long after, int limit, CancellationToken cancellationToken) =>
        await ReadAsync((partition, after, limit), static (session, q, ct) => ListAsync(
            Ranged(session.Command($"SELECT {LogRows.HeadColumns} {FromLog}{InOrder}"), q.partition, q.after, q.limit), LogRows.Head, ct), cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// The number after the first <paramref name="rows"/> rows of a namespace in a part of the log. Statements that join the log with the
    /// records are given a page by its bounds: for a LIMIT, PostgreSQL, which takes such a join for one with a single row, makes all of it and
    /// sorts it, page after page.
    /// </summary>
    /// <param name="from">Inclusive.</param>
    /// <param name="end">Exclusive; it is returned where there are no more rows.</param>
    private static async Task<long> PageEndAsync(Session session, NamespaceInfo ns, long from, long end, int rows, CancellationToken cancellationToken) =>
        (long?)await session.Command("SELECT lsn FROM log WHERE lsn >= @from AND lsn < @end AND ns_id = @ns ORDER BY lsn LIMIT 1 OFFSET @rows")
            .With("@from", from).With("@end", end).With("@ns", ns.Id).With("@rows", rows).ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) ?? end;

    /// <summary>The first numbers that a statement finds in a part of the log, which it is given page by page: most or none of what it looks at may be found.</summary>
    /// <param name="rows">Of the namespace, that it looks at at once.</param>
    /// <param name="limit">Numbers to find at most.</param>
    /// <param name="find">Makes the statement, which is given @from, @end, @ns and @limit.</param>
    private static async Task<List<long>> FindInPagesAsync(
        Session session, NamespaceInfo ns, long from, long end, int rows, int limit, Func<Session, DbCommand> find, CancellationToken cancellationToken)
    {
        var found = new List<long>();
        while (from < end && found.Count < limit)
        {
            var pageEnd = await PageEndAsync(session, ns, from, end, rows, cancellationToken).ConfigureAwait(false);
            found.AddRange(await ListAsync(
                find(session).With("@from", from).With("@end", pageEnd).With("@ns", ns.Id).With("@limit", limit - found.Count),
                static row => row.GetInt64(0), cancellationToken).ConfigureAwait(false));
            from = pageEnd;
        }

        return found;
    }

    private static DbCommand Ranged(DbCommand command, int partition, long after, int limit) => command
        .With("@after", Sequence.Of(partition, after).Value)
        .With("@end", EndOf(partition))
        .With("@limit", limit);

    public Task<Watermarks> ReadWatermarksAsync(CancellationToken cancellationToken) =>
        ReadAsync(0, static async (session, _, ct) =>
        {
            var rows = await ListAsync(session.Command("SELECT partition, last_number FROM partitions"),
                static (DbDataReader row) => (Partition: row.GetInt32(0), Number: row.GetInt64(1)), ct).ConfigureAwait(false);
            var watermarks = new Watermarks();
            foreach (var (partition, number) in rows)
            {
                watermarks[partition] = number;
            }

            return watermarks;
        }, cancellationToken);

    public Task<long> ReadTrimmedAsync(NamespaceInfo ns, CancellationToken cancellationToken) =>
        ReadAsync(ns.Id, static async (session, id, ct) => (long)(await session
            .Command("SELECT trimmed FROM namespaces WHERE id = @id").With("@id", id)
            .ExecuteScalarAsync(ct).ConfigureAwait(false))!, cancellationToken);

    public async Task<IReadOnlyList<ExpireOperation>> FindExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        await ReadAsync((now, limit), static (session, q, ct) => ListAsync(
            session.Command(
                "SELECT n.id, n.tenant, n.name, n.partition, n.settings, n.created_at, r.key, r.record_id, r.lsn " +
                "FROM records r JOIN namespaces n ON n.id = r.ns_id " +
                "WHERE r.expires_at IS NOT NULL AND r.expires_at <= @now AND r.deleted = 0 ORDER BY r.expires_at LIMIT @limit")
                .With("@now", UnixTime.ToMs(q.now)).With("@limit", q.limit),
            static row => new ExpireOperation(
                Namespace(row), row.GetString(6), RecordId.FromBytes(row.GetFieldValue<byte[]>(7)), new Sequence(row.GetInt64(8))), ct),
            cancellationToken).ConfigureAwait(false);

    /// <remarks>
    /// The row of a deleted or expired record goes too, once its delete is older than the cut-off: a later write of the
    /// key starts anew.
    /// </remarks>
    public async Task<TrimmedRows> TrimLogAsync(NamespaceInfo ns, DateTimeOffset before, Sequence after, int limit, CancellationToken cancellationToken)
    {
        // Looked for without the partition's lock, since that takes seconds where a million records are current and old, and
        // writers wait for the lock. It is safe: a version that is not current never becomes so again.
        var lsns = await ReadAsync((ns, after, before: UnixTime.ToMs(before), limit), static async (session, q, ct) =>
        {
            var from = Math.Max(FirstOf(q.ns.Partition), q.after.Value) + 1;
            var end = await FirstRecordedAsync(session, q.ns.Partition, from, q.before, ct).ConfigureAwait(false);
            return await FindInPagesAsync(session, q.ns, from, end, q.limit, q.limit, current => current.Command(
                "SELECT l.lsn FROM log l LEFT JOIN contents c ON c.lsn = l.lsn AND c.lsn >= @from AND c.lsn < @end " +
                "LEFT JOIN records r ON r.ns_id = l.ns_id AND r.key = c.key AND r.lsn = l.lsn AND r.deleted = 0 " +
                "WHERE l.lsn >= @from AND l.lsn < @end AND l.ns_id = @ns AND l.recorded_at < @before AND r.lsn IS NULL " +
                "ORDER BY l.lsn LIMIT @limit").With("@before", q.before), ct).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        return lsns.Count == 0 ? default : new TrimmedRows(await TrimLogAsync(ns, lsns, cancellationToken).ConfigureAwait(false), new Sequence(lsns[^1]));
    }

    /// <summary>
    /// A place in a partition's log from <paramref name="from"/> on, with all older rows before it and none behind: times of recording rise
    /// with the numbers. What is old is far less than the log, or most of it, so it is halved, beginning at its start.
    /// </summary>
    private static async Task<long> FirstRecordedAsync(Session session, int partition, long from, long atMs, CancellationToken cancellationToken)
    {
        var last = (long)(await session.Command("SELECT last_number FROM partitions WHERE partition = @partition").With("@partition", partition)
            .ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        var (low, high) = (from, Sequence.Of(partition, last).Value + 1);
        for (var middle = low; low < high; middle = low + ((high - low) / 2))
        {
            var rows = await ListAsync(
                session.Command("SELECT lsn, recorded_at FROM log WHERE lsn >= @middle AND lsn < @high ORDER BY lsn LIMIT 1").With("@middle", middle).With("@high", high),
                static row => (Lsn: row.GetInt64(0), At: row.GetInt64(1)), cancellationToken).ConfigureAwait(false);
            (low, high) = rows is [var found] && found.At < atMs ? (found.Lsn + 1, high) : (low, middle);
        }

        return low;
    }

    private Task<int> TrimLogAsync(NamespaceInfo ns, List<long> lsns, CancellationToken cancellationToken) =>
        WriteAsync((store: this, ns, lsns), static async (session, q, ct) =>
        {
            // Taking the partition's row first keeps the one order of locks that commits have.
            await session.Command("UPDATE partitions SET trimmed = trimmed WHERE partition = @partition")
                .With("@partition", q.ns.Partition).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            var set = q.store.ValuesOf("@lsns");
            var values = q.store.Set(q.lsns);
            await session.Command(
                $"DELETE FROM records WHERE ns_id = @ns AND deleted = 1 AND key IN (SELECT key FROM contents WHERE lsn IN ({set})) AND lsn IN ({set})")
                .With("@ns", q.ns.Id).With("@lsns", values).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            await session.Command($"DELETE FROM contents WHERE lsn IN ({set})").With("@lsns", values).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            await session.Command($"DELETE FROM vectors WHERE ns_id = @ns AND lsn IN ({set})").With("@ns", q.ns.Id).With("@lsns", values).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            await session.Command($"DELETE FROM log WHERE lsn IN ({set})").With("@lsns", values).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            await session.Command("UPDATE namespaces SET trimmed = @number WHERE id = @id AND trimmed < @number")
                .With("@number", new Sequence(q.lsns[^1]).Number).With("@id", q.ns.Id).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            return q.lsns.Count;
        }, cancellationToken);
}
