using System.Runtime.CompilerServices;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Relational;

internal abstract partial class RelationalStore
{
    private const int ScanPage = 512;
    private const long ScanBytes = 4 << 20;
    private const int AsOfPage = 16_384;

    private protected const string SelectCurrent =
        $"SELECT {LogRows.Columns} FROM records r JOIN log l ON l.lsn = r.lsn JOIN contents c ON c.lsn = r.lsn " +
        "WHERE r.ns_id = @ns AND r.deleted = 0 ";

    // The walk goes back from the current version and ends at the first that was recorded by then.
    private const string SelectAsOf =
        "WITH RECURSIVE chain (lsn) AS (SELECT r.lsn FROM records r WHERE r.ns_id = @ns AND r.key = @key UNION ALL " +
        "SELECT p.previous FROM chain JOIN log p ON p.lsn = chain.lsn WHERE p.recorded_at > @at AND p.previous <> 0) " +
        $"SELECT {LogRows.Columns} FROM chain JOIN log l ON l.lsn = chain.lsn JOIN contents c ON c.lsn = l.lsn " +
        "WHERE l.recorded_at <= @at AND c.kind <> 0";

    // Each row of the chain knows the bytes of those before it, by lengths that both engines know without reading what is so long: the page is
    // sorted, and SQLite takes what it sorts into memory.
    private const string WalkHistory =
        " UNION ALL SELECT p.previous, chain.n + 1, chain.bytes + coalesce(" +
        "(SELECT coalesce(octet_length(s.content), 0) + coalesce(octet_length(s.attributes), 0) FROM contents s WHERE s.lsn = chain.lsn), 0) " +
        "FROM chain JOIN log p ON p.lsn = chain.lsn WHERE p.previous <> 0 AND chain.n < @limit AND chain.bytes < @bytes) " +
        $"SELECT {LogRows.Columns} FROM chain JOIN log l ON l.lsn = chain.lsn LEFT JOIN contents c ON c.lsn = l.lsn WHERE chain.bytes < @bytes ORDER BY chain.n";

    private const string SelectHistory =
        "WITH RECURSIVE chain (lsn, n, bytes) AS (SELECT r.lsn, 1, CAST(0 AS bigint) FROM records r WHERE r.ns_id = @ns AND r.key = @key" + WalkHistory;

    private const string SelectHistoryBefore =
        "WITH RECURSIVE chain (lsn, n, bytes) AS (SELECT b.previous, 1, CAST(0 AS bigint) FROM log b WHERE b.lsn = @before AND b.ns_id = @ns AND b.record_id = @id AND b.previous <> 0" +
        WalkHistory;

    /// <summary>The current records of a part of the log, in its order; internal for the test that holds how it is walked.</summary>
    internal string SelectCurrentOfLog =>
        $"SELECT {LogRows.Columns} FROM log l {JoinInOrder} contents c ON c.lsn = l.lsn {JoinInOrder} records r ON r.ns_id = l.ns_id AND r.key = c.key AND r.lsn = l.lsn " +
        "WHERE l.lsn >= @from AND l.lsn < @end AND c.lsn >= @from AND c.lsn < @end AND l.ns_id = @ns AND r.deleted = 0 ORDER BY l.lsn LIMIT @limit";

    public Task<MemoryRecord?> GetAsync(NamespaceInfo ns, string key, CancellationToken cancellationToken) =>
        ReadAsync((ns, key), static (session, q, ct) => FirstAsync(
            session.Command(SelectCurrent + "AND r.key = @key").With("@ns", q.ns.Id).With("@key", q.key), LogRows.Record, ct), cancellationToken);

    public Task<RowPage<MemoryRecord>> GetManyAsync(
        NamespaceInfo ns, IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        ReadAsync((store: this, ns, keys), static (session, q, ct) => RecordsAsync(
            session.Command($"{SelectCurrent} AND r.key IN ({q.store.ValuesOf("@keys")})").With("@ns", q.ns.Id).With("@keys", q.store.Set(q.keys)),
            q.keys.Count, ct), cancellationToken);

    public Task<RowPage<MemoryRecord>> ListAsync(
        NamespaceInfo ns, string prefix, string? after, int limit, bool descending, CancellationToken cancellationToken) =>
        ReadAsync((ns, prefix, after, limit, descending), static (session, q, ct) =>
        {
            var end = KeyRange.End(q.prefix);
            var command = session.Command(
                SelectCurrent +
                (q.prefix.Length > 0 ? "AND r.key >= @prefix " : "") +
                (end is not null ? "AND r.key < @end " : "") +
                (q.after is null ? "" : q.descending ? "AND r.key < @after " : "AND r.key > @after ") +
                (q.descending ? "ORDER BY r.key DESC LIMIT @limit" : "ORDER BY r.key LIMIT @limit"))
                .With("@ns", q.ns.Id).With("@limit", q.limit);
            _ = q.prefix.Length > 0 ? command.With("@prefix", q.prefix) : command;
            _ = end is not null ? command.With("@end", end) : command;
            _ = q.after is not null ? command.With("@after", q.after) : command;
            return RecordsAsync(command, q.limit, ct);
        }, cancellationToken);

    public async Task<RowPage<LogEntry>> HistoryAsync(
        NamespaceInfo ns, string key, Sequence before, int limit, CancellationToken cancellationToken) =>
        limit <= 0 ? new RowPage<LogEntry>([], isCut: false) : await ReadAsync((store: this, ns, key, before, limit), static (session, q, ct) =>
        {
            var command = q.before.IsNone
                ? session.Command(SelectHistory).With("@key", q.key)
                : session.Command(SelectHistoryBefore).With("@before", q.before.Value)
                    .With("@id", RecordId.Of(q.store.Secret.Span, q.ns.Id, q.key).ToBytes());
            return EntriesAsync(command.With("@ns", q.ns.Id).With("@limit", q.limit).With("@bytes", RowPage.MostBytes), q.limit, ct);
        }, cancellationToken).ConfigureAwait(false);

    public Task<MemoryRecord?> GetAsOfAsync(NamespaceInfo ns, string key, DateTimeOffset at, CancellationToken cancellationToken) =>
        ReadAsync((ns, key, at), static (session, q, ct) => FirstAsync(
            session.Command(SelectAsOf).With("@ns", q.ns.Id).With("@key", q.key).With("@at", UnixTime.ToMs(q.at)), LogRows.Record, ct), cancellationToken);

    public async IAsyncEnumerable<MemoryRecord> ScanAsOfAsync(
        NamespaceInfo ns, DateTimeOffset at, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Numbers first, contents in pages: no statement stays open while the caller works, or takes as long as the log is.
        var found = new Dictionary<RecordId, long>();
        var (from, end) = (FirstOf(ns.Partition) + 1, EndOf(ns.Partition));
        while (from < end)
        {
            var (versions, pageEnd) = await ReadAsync((ns, at, from, end), static async (session, q, ct) =>
            {
                var pageEnd = await PageEndAsync(session, q.ns, q.from, q.end, AsOfPage, ct).ConfigureAwait(false);
                return (await ListAsync(
                    session.Command("SELECT record_id, max(lsn) FROM log WHERE lsn >= @from AND lsn < @end AND ns_id = @ns AND recorded_at <= @at GROUP BY record_id")
                        .With("@from", q.from).With("@end", pageEnd).With("@ns", q.ns.Id).With("@at", UnixTime.ToMs(q.at)),
                    static row => (Id: RecordId.FromBytes(row.GetFieldValue<byte[]>(0)), Lsn: row.GetInt64(1)), ct).ConfigureAwait(false), pageEnd);
            }, cancellationToken).ConfigureAwait(false);
            foreach (var (id, lsn) in versions)
            {
                found[id] = lsn;
            }

            from = pageEnd;
        }

        var newest = found.Values.ToList();
        newest.Sort();
        var rows = new PageRows(ScanPage, ScanBytes);
        for (var start = 0; start < newest.Count;)
        {
            var page = newest.GetRange(start, Math.Min(rows.Next, newest.Count - start));
            var records = await ReadAsync((store: this, page), static (session, q, ct) => RecordsAsync(
                session.Command(
                    $"SELECT {LogRows.Columns} FROM log l JOIN contents c ON c.lsn = l.lsn WHERE l.lsn IN ({q.store.ValuesOf("@lsns")}) AND c.kind <> 0")
                    .With("@lsns", q.store.Set(q.page)),
                q.page.Count, ct), cancellationToken).ConfigureAwait(false);
            start += page.Count;
            rows.Took(records);
            if (records.IsCut)
            {
                var read = records.Select(static record => record.Sequence.Value).ToHashSet();
                newest.AddRange(page.Where(lsn => !read.Contains(lsn)));
            }

            foreach (var record in records)
            {
                yield return record;
            }
        }
    }

    public async IAsyncEnumerable<MemoryRecord> ScanAsync(NamespaceInfo ns, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        for (var rows = new PageRows(ScanPage, ScanBytes); ;)
        {
            var wanted = rows.Next;
            var page = await ListAsync(ns, "", after, wanted, false, cancellationToken).ConfigureAwait(false);
            rows.Took(page);
            foreach (var record in page)
            {
                yield return record;
            }

            if (page.IsLast(wanted))
            {
                yield break;
            }

            after = page[^1].Key;
        }
    }

    public async IAsyncEnumerable<MemoryRecord> ScanAsync(
        NamespaceInfo ns, Sequence first, Sequence? end, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var from = Math.Max(first.Value, FirstOf(ns.Partition));
        var to = end?.Value ?? EndOf(ns.Partition);
        for (var rows = new PageRows(ScanPage, ScanBytes); from < to;)
        {
            // The log's rows in order, of which those are current that the record's row points at: many are looked at, as few found as their sizes want.
            var (page, pageEnd) = await ReadAsync((store: this, ns, from, to, rows: rows.Next), static async (session, q, ct) =>
            {
                var end = await PageEndAsync(session, q.ns, q.from, q.to, ScanPage, ct).ConfigureAwait(false);
                var records = await RecordsAsync(
                    session.Command(q.store.SelectCurrentOfLog).With("@from", q.from).With("@end", end).With("@ns", q.ns.Id).With("@limit", q.rows),
                    q.rows, ct).ConfigureAwait(false);
                return (records, records.IsLast(q.rows) ? end : records[^1].Sequence.Value + 1);
            }, cancellationToken).ConfigureAwait(false);
            rows.Took(page);
            foreach (var record in page)
            {
                yield return record;
            }

            from = pageEnd;
        }
    }
}
