using System.Buffers.Binary;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Stores.Relational;

namespace Sophia.Stores.Postgres;

/// <summary>
/// One commit in two round trips: begin, lock and look up; then write and commit. Each statement of the first sees what
/// was committed before it ran (read committed), so what is read after the locks is current.
/// </summary>
internal static partial class PostgresCommit
{
    private const string Lock =
        "SELECT partition, last_number, last_recorded_at FROM partitions WHERE partition = ANY($1) ORDER BY partition FOR UPDATE";

    private const string FindMarks =
        "SELECT i.tenant, i.key_hash, i.request_hash, i.results FROM unnest($1, $2) AS m (tenant, key_hash) " +
        "JOIN idempotency i ON i.tenant = m.tenant AND i.key_hash = m.key_hash WHERE i.expires_at > $3";

    private const string FindHeads =
        "SELECT r.ns_id, r.key, r.record_id, r.lsn, r.version, r.deleted, r.created_at, r.expires_at, r.content_hash " +
        "FROM unnest($1, $2) AS k (ns_id, key) JOIN records r ON r.ns_id = k.ns_id AND r.key = k.key";

    // Whatever the order in which they are found, which costs no sorting: what comes behind so many bytes is not sent, by lengths that are known
    // without reading what is so long.
    private const string FindMerged =
        $"SELECT * FROM (SELECT {LogRows.Columns}, " +
        "sum(coalesce(octet_length(c.content), 0) + coalesce(octet_length(c.attributes), 0)) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before " +
        "FROM unnest($1, $2) AS k (ns_id, key) JOIN records r ON r.ns_id = k.ns_id AND r.key = k.key " +
        "JOIN log l ON l.lsn = r.lsn JOIN contents c ON c.lsn = r.lsn WHERE r.deleted = 0 AND (r.expires_at IS NULL OR r.expires_at > $3)) m " +
        "WHERE coalesce(m.bytes_before, 0) <= $4";

    private const string FindAppends =
        "SELECT p.ns_id, p.prefix, (SELECT right(r.key, 10) FROM records r WHERE r.ns_id = p.ns_id AND r.key >= p.prefix || '0000000000' " +
        "AND r.key <= p.prefix || '9999999999' AND length(r.key) = length(p.prefix) + 10 AND right(r.key, 10) ~ '^[0-9]{10}$' " +
        "ORDER BY r.key DESC LIMIT 1) FROM unnest($1, $2) AS p (ns_id, prefix)";

    public static async Task<CommitState> LoadAsync(NpgsqlConnection connection, CommitScope scope, long nowMs, int timeoutSeconds)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = timeoutSeconds };
        batch.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
        batch.Add(Lock).Array(NpgsqlDbType.Integer, scope.Partitions);
        if (scope.Marks.Count > 0)
        {
            batch.Add(FindMarks)
                .Array(NpgsqlDbType.Text, scope.Marks.ConvertAll(static m => m.Tenant).ToArray())
                .Array(NpgsqlDbType.Bytea, scope.Marks.ConvertAll(static m => m.KeyHash).ToArray())
                .Value(nowMs);
        }

        AddKeys(batch, FindHeads, scope.Keys);
        AddKeys(batch, FindMerged, scope.Merges)?.Value(nowMs).Value(MergedBytes.Most);
        AddKeys(batch, FindAppends, scope.AppendPrefixes);

        var state = new CommitState();
        await batch.PrepareAsync().ConfigureAwait(false);
        await using var rows = await batch.ExecuteReaderAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false))
        {
            var partition = rows.GetInt32(0);
            state.LastNumbers[partition] = rows.GetInt64(1);
            state.LastRecordedAtMs[partition] = rows.GetInt64(2);
        }

        if (scope.Marks.Count > 0)
        {
            await rows.NextResultAsync().ConfigureAwait(false);
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                state.Marks.Add(
                    MarkKey.Of(rows.GetString(0), rows.GetFieldValue<byte[]>(1)),
                    new StoredMark(rows.GetFieldValue<byte[]>(2), rows.GetFieldValue<byte[]>(3)));
            }
        }

        if (scope.Keys.Count > 0)
        {
            await rows.NextResultAsync().ConfigureAwait(false);
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                var head = Head(rows);
                state.Heads.Add(new RecordKey(head.NamespaceId, head.Key), head);
            }
        }

        if (scope.Merges.Count > 0)
        {
            await rows.NextResultAsync().ConfigureAwait(false);
            var merged = new MergedBytes();
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                var record = LogRows.Record(rows);
                state.Heads[new RecordKey(record.NamespaceId, record.Key)].Record = merged.Add(record);
            }
        }

        if (scope.AppendPrefixes.Count > 0)
        {
            await rows.NextResultAsync().ConfigureAwait(false);
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                if (rows.TextOrNull(2) is { } number)
                {
                    state.AppendNumbers.Add(new RecordKey(rows.GetInt64(0), rows.GetString(1)), long.Parse(number, CultureInfo.InvariantCulture));
                }
            }
        }

        while (await rows.NextResultAsync().ConfigureAwait(false))
        {
        }

        return state;
    }

    /// <returns>Null where there are no keys, and nothing was added.</returns>
    private static NpgsqlBatchCommand? AddKeys(NpgsqlBatch batch, string sql, HashSet<RecordKey> keys)
    {
        if (keys.Count == 0)
        {
            return null;
        }

        var namespaces = new long[keys.Count];
        var texts = new string[keys.Count];
        var i = 0;
        foreach (var key in keys)
        {
            namespaces[i] = key.NamespaceId;
            texts[i++] = key.Key;
        }

        return batch.Add(sql).Array(NpgsqlDbType.Bigint, namespaces).Array(NpgsqlDbType.Text, texts);
    }

    private static RecordHead Head(NpgsqlDataReader row) => new()
    {
        NamespaceId = row.GetInt64(0),
        Key = row.GetString(1),
        IsStored = true,
        Exists = true,
        Id = RecordId.FromBytes(row.GetFieldValue<byte[]>(2)),
        Sequence = new Sequence(row.GetInt64(3)),
        Version = row.GetInt32(4),
        Deleted = row.GetInt16(5) != 0,
        CreatedAtMs = row.GetInt64(6),
        ExpiresAtMs = row.Int64OrNull(7),
        ContentHash = BinaryPrimitives.ReadUInt128BigEndian(row.GetFieldValue<byte[]>(8)),
    };
}
