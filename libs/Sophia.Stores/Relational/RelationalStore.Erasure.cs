using System.Data.Common;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Relational;

internal abstract partial class RelationalStore
{
    /// <summary>Rows of the log that one statement walks: a second at most, where a command has five.</summary>
    private const int WalkRows = 50_000;

    /// <summary>Versions that one transaction erases.</summary>
    private const int EraseRows = 5_000;

    // Counted before they are grouped: PostgreSQL would sort the rows with their vectors. Whether there is a vector, and how long it is,
    // both engines know without reading it.
    private const string WalkVersions =
        "counted (start, lsn, n, has_content, vectors) AS MATERIALIZED (" +
        "SELECT chain.start, chain.lsn, chain.n, CASE WHEN c.lsn IS NULL THEN 0 ELSE 1 END, CASE WHEN c.vector IS NULL THEN 0 ELSE 1 END + " +
        "(SELECT count(*) FROM vectors v WHERE v.ns_id = @ns AND v.lsn = c.lsn AND length(v.vector) > 0) " +
        "FROM chain LEFT JOIN contents c ON c.lsn = chain.lsn AND c.kind <> 0 AND chain.n <= @rows) " +
        "SELECT start, CAST(sum(CASE WHEN n <= @rows THEN 1 ELSE 0 END) AS bigint), CAST(sum(has_content) AS bigint), CAST(sum(vectors) AS bigint), " +
        "coalesce(max(CASE WHEN n > @rows THEN lsn END), 0) FROM counted GROUP BY start";

    private const string EraseChain =
        "WITH RECURSIVE chain (lsn) AS (SELECT l.lsn FROM log l WHERE l.lsn = @from UNION ALL " +
        "SELECT p.previous FROM chain JOIN log p ON p.lsn = chain.lsn WHERE p.previous <> 0) ";

    public Task<IReadOnlyDictionary<string, StoredVersions>> CountVersionsAsync(NamespaceInfo ns, IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        ReadAsync((store: this, ns, keys), static async (session, q, ct) =>
        {
            var heads = await ListAsync(
                session.Command($"SELECT key, lsn, deleted FROM records WHERE ns_id = @ns AND key IN ({q.store.ValuesOf("@keys")})")
                    .With("@ns", q.ns.Id).With("@keys", q.store.Set(q.keys)),
                static (DbDataReader row) => (Key: row.GetString(0), Lsn: row.GetInt64(1), IsDeleted: row.GetInt16(2) != 0), ct).ConfigureAwait(false);
            var found = new Dictionary<string, StoredVersions>(heads.Count, StringComparer.Ordinal);
            var walks = new Dictionary<long, string>(heads.Count);
            foreach (var (key, lsn, isDeleted) in heads)
            {
                found[key] = new StoredVersions(new Sequence(lsn), isDeleted, 0, 0, 0);
                walks[lsn] = key;
            }

            while (walks.Count > 0)
            {
                var rows = Math.Max(1, WalkRows / walks.Count);
                var next = new Dictionary<long, string>();
                foreach (var walk in await q.store.WalkAsync(session, q.ns, walks.Keys, rows, ct).ConfigureAwait(false))
                {
                    var key = walks[walk.Start];
                    var before = found[key];
                    found[key] = before with
                    {
                        Changes = before.Changes + walk.Changes, Versions = before.Versions + walk.Versions, Vectors = before.Vectors + walk.Vectors,
                    };
                    if (walk.Next != 0)
                    {
                        next[walk.Next] = key;
                    }
                }

                walks = next;
            }

            return (IReadOnlyDictionary<string, StoredVersions>)found;
        }, cancellationToken);

    public async Task<int> EraseHistoryAsync(NamespaceInfo ns, string key, Sequence? current, CancellationToken cancellationToken)
    {
        var starts = await ReadAsync((store: this, ns, key, current), static async (session, q, ct) =>
        {
            var starts = await ListAsync(
                session.Command(
                    "SELECT l.previous FROM records r JOIN log l ON l.lsn = r.lsn WHERE r.ns_id = @ns AND r.key = @key AND l.previous <> 0 AND (@current = 0 OR r.lsn = @current)")
                    .With("@ns", q.ns.Id).With("@key", q.key).With("@current", q.current?.Value ?? 0L),
                static row => row.GetInt64(0), ct).ConfigureAwait(false);
            while (starts.Count > 0 && await q.store.WalkAsync(session, q.ns, [starts[^1]], EraseRows, ct).ConfigureAwait(false) is [{ Next: not 0 } walk])
            {
                starts.Add(walk.Next);
            }

            return starts;
        }, cancellationToken).ConfigureAwait(false);

        var erased = 0;
        for (var i = starts.Count - 1; i >= 0; i--)
        {
            erased += await WriteAsync((ns, key, current, from: starts[i]), static async (session, q, ct) =>
            {
                // Who writes it again waits here until the step is done, or has been before it.
                await LockAsync(session, q.ns, ct).ConfigureAwait(false);
                if (q.current is { } wanted && !await IsCurrentAsync(session, q.ns, q.key, wanted, ct).ConfigureAwait(false))
                {
                    return 0;
                }

                var kinds = await ListAsync(
                    session.Command(EraseChain + "DELETE FROM contents WHERE lsn IN (SELECT lsn FROM chain) RETURNING kind").With("@from", q.from),
                    static row => row.GetInt16(0), ct).ConfigureAwait(false);
                await session.Command(EraseChain + "DELETE FROM vectors WHERE ns_id = @ns AND lsn IN (SELECT lsn FROM chain)")
                    .With("@from", q.from).With("@ns", q.ns.Id).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
                // The history ends here from now on, or each walk through it, and the tombstone's above all, would be as long as ever.
                await session.Command("UPDATE log SET previous = 0 WHERE lsn = @from").With("@from", q.from).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
                return kinds.Count(static kind => kind != LogRows.KeyOnly);
            }, cancellationToken).ConfigureAwait(false);
        }

        return erased;
    }

    private static async Task<bool> IsCurrentAsync(Session session, NamespaceInfo ns, string key, Sequence version, CancellationToken cancellationToken) =>
        (await ListAsync(
            session.Command("SELECT lsn FROM records WHERE ns_id = @ns AND key = @key").With("@ns", ns.Id).With("@key", key),
            static row => row.GetInt64(0), cancellationToken).ConfigureAwait(false)).Contains(version.Value);

    /// <summary>Counts from each of these versions back, so many rows of each.</summary>
    private Task<List<(long Start, long Changes, long Versions, long Vectors, long Next)>> WalkAsync(
        Session session, NamespaceInfo ns, IReadOnlyCollection<long> starts, int rows, CancellationToken cancellationToken) => ListAsync(
        session.Command(
            $"WITH RECURSIVE chain (start, lsn, n) AS (SELECT s.lsn, s.lsn, 1 FROM log s WHERE s.lsn IN ({ValuesOf("@starts")}) UNION ALL " +
            $"SELECT chain.start, p.previous, chain.n + 1 FROM chain JOIN log p ON p.lsn = chain.lsn WHERE p.previous <> 0 AND chain.n <= @rows), {WalkVersions}")
            .With("@ns", ns.Id).With("@starts", Set(starts)).With("@rows", rows),
        static row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4)), cancellationToken);
}
