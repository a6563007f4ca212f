using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Npgsql;
using NpgsqlTypes;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Stores.Relational;

namespace Sophia.Stores.Postgres;

internal static partial class PostgresCommit
{
    private const string InsertLog =
        "INSERT INTO log (lsn, ns_id, record_id, kind, version, previous, recorded_at) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)";

    private const string InsertContents =
        "INSERT INTO contents (lsn, key, kind, content_type, tags, attributes, provenance, vector_model, created_at, expires_at, valid_from, valid_to, vector, content) " +
        "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

    private const string EraseChains =
        "WITH RECURSIVE chain (grp, lsn) AS (SELECT * FROM unnest($1, $2) UNION ALL " +
        "SELECT chain.grp, p.previous FROM chain JOIN log p ON p.lsn = chain.lsn WHERE p.previous <> 0) " +
        "DELETE FROM contents c USING chain WHERE c.lsn = chain.lsn RETURNING chain.grp, c.kind";

    // PostgreSQL takes a walk through chains for far longer than it is, and would compile it for a tenth of a second under the partition's lock.
    private const string WithoutCompiling = "SET LOCAL jit = off";

    // Vectors of a second model, which are there while a namespace changes its model.
    private const string EraseVectors =
        "WITH RECURSIVE chain (lsn) AS (SELECT * FROM unnest($1) UNION ALL " +
        "SELECT p.previous FROM chain JOIN log p ON p.lsn = chain.lsn WHERE p.previous <> 0) " +
        "DELETE FROM vectors v USING chain JOIN log l ON l.lsn = chain.lsn WHERE v.ns_id = l.ns_id AND v.lsn = l.lsn";

    private const string UpsertRecords =
        "INSERT INTO records (ns_id, key, record_id, lsn, version, deleted, created_at, expires_at, content_hash) " +
        "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (ns_id, key) DO UPDATE SET record_id = excluded.record_id, " +
        "lsn = excluded.lsn, version = excluded.version, deleted = excluded.deleted, created_at = excluded.created_at, " +
        "expires_at = excluded.expires_at, content_hash = excluded.content_hash";

    private const string DeleteRecords =
        "DELETE FROM records r USING unnest($1, $2) AS d (ns_id, key) WHERE r.ns_id = d.ns_id AND r.key = d.key";

    private const string UpdatePartitions =
        "UPDATE partitions p SET last_number = u.number, last_recorded_at = u.at FROM unnest($1, $2, $3) AS u (partition, number, at) WHERE p.partition = u.partition";

    private const string DeleteOldMarks =
        "DELETE FROM idempotency i USING unnest($1, $2) AS m (tenant, key_hash) WHERE i.tenant = m.tenant AND i.key_hash = m.key_hash AND i.expires_at <= $3";

    private const string InsertMarks =
        "INSERT INTO idempotency (tenant, key_hash, request_hash, results, expires_at) SELECT * FROM unnest($1, $2, $3, $4, $5)";

    public static async Task WriteAsync(NpgsqlConnection connection, CommitPlan plan, CommitScope scope, long nowMs, int timeoutSeconds)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = timeoutSeconds };
        AddLog(batch, InsertLog, plan.Entries);
        AddContents(batch, InsertContents, plan.Entries);
        if (plan.Erasures.Count > 0)
        {
            batch.Add(WithoutCompiling);
            batch.Add(EraseChains)
                .Array(NpgsqlDbType.Integer, plan.Erasures.ConvertAll(static e => e.Group).ToArray())
                .Array(NpgsqlDbType.Bigint, plan.Erasures.ConvertAll(static e => e.Head.Value).ToArray());
            batch.Add(EraseVectors).Array(NpgsqlDbType.Bigint, plan.Erasures.ConvertAll(static e => e.Head.Value).ToArray());
        }

        AddRecords(batch, plan.Touched);
        batch.Add(UpdatePartitions)
            .Array(NpgsqlDbType.Integer, scope.Partitions)
            .Array(NpgsqlDbType.Bigint, Array.ConvertAll(scope.Partitions, plan.LastNumber))
            .Array(NpgsqlDbType.Bigint, Array.ConvertAll(scope.Partitions, plan.LastRecordedAtMs));
        AddMarks(batch, plan.Marks, nowMs);
        batch.Add("COMMIT");

        await batch.PrepareAsync().ConfigureAwait(false);
        await using var rows = await batch.ExecuteReaderAsync().ConfigureAwait(false);
        do
        {
            // Only the erasure returns rows.
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                if (rows.GetInt16(1) != LogRows.KeyOnly)
                {
                    plan.CountErased(rows.GetInt32(0), 1);
                }
            }
        }
        while (await rows.NextResultAsync().ConfigureAwait(false));
    }

    private static NpgsqlBatchCommand? AddLog(NpgsqlBatch batch, string sql, List<LogEntry> entries)
    {
        if (entries.Count == 0)
        {
            return null;
        }

        var n = entries.Count;
        var (lsns, namespaces, ids, kinds) = (new long[n], new long[n], new byte[n][], new short[n]);
        var (versions, previous, times) = (new int[n], new long[n], new long[n]);
        for (var i = 0; i < n; i++)
        {
            var entry = entries[i];
            lsns[i] = entry.Sequence.Value;
            namespaces[i] = entry.NamespaceId;
            ids[i] = entry.Id.ToBytes();
            kinds[i] = (short)entry.Kind;
            versions[i] = entry.Version;
            previous[i] = entry.Previous.Value;
            times[i] = UnixTime.ToMs(entry.RecordedAt);
        }

        return batch.Add(sql)
            .Array(NpgsqlDbType.Bigint, lsns).Array(NpgsqlDbType.Bigint, namespaces).Array(NpgsqlDbType.Bytea, ids)
            .Array(NpgsqlDbType.Smallint, kinds).Array(NpgsqlDbType.Integer, versions).Array(NpgsqlDbType.Bigint, previous)
            .Array(NpgsqlDbType.Bigint, times);
    }

    private static NpgsqlBatchCommand? AddContents(NpgsqlBatch batch, string sql, List<LogEntry> entries)
    {
        var n = 0;
        foreach (var entry in entries)
        {
            n += entry.Key is null ? 0 : 1;
        }

        if (n == 0)
        {
            return null;
        }

        var (lsns, keys, kinds, types) = (new long[n], new string[n], new short[n], new string?[n]);
        var (tags, attributes, provenances, models) = (new string?[n], new string?[n], new string?[n], new string?[n]);
        var (created, expires, validFrom, validTo) = (new long?[n], new long?[n], new long?[n], new long?[n]);
        var (vectors, contents) = (new byte[]?[n], new byte[]?[n]);
        var i = 0;
        foreach (var entry in entries)
        {
            if (entry.Key is null)
            {
                continue;
            }

            lsns[i] = entry.Sequence.Value;
            keys[i] = entry.Key;
            kinds[i] = LogRows.KeyOnly;
            if (entry.Record is { } record)
            {
                kinds[i] = (short)record.Kind;
                types[i] = record.ContentType;
                tags[i] = StoredJson.Tags(record.Tags);
                attributes[i] = record.Attributes.IsEmpty ? null : Encoding.UTF8.GetString(record.Attributes.Span);
                provenances[i] = StoredJson.Provenance(record.Provenance);
                models[i] = record.VectorModel;
                created[i] = UnixTime.ToMs(record.CreatedAt);
                expires[i] = UnixTime.ToMs(record.ExpiresAt);
                validFrom[i] = UnixTime.ToMs(record.ValidFrom);
                validTo[i] = UnixTime.ToMs(record.ValidTo);
                vectors[i] = record.Vector is { } vector ? VectorCodec.Encode(vector) : null;
                contents[i] = WholeArray(record.Content);
            }

            i++;
        }

        return batch.Add(sql)
            .Array(NpgsqlDbType.Bigint, lsns).Array(NpgsqlDbType.Text, keys).Array(NpgsqlDbType.Smallint, kinds)
            .Array(NpgsqlDbType.Text, types).Array(NpgsqlDbType.Text, tags).Array(NpgsqlDbType.Text, attributes)
            .Array(NpgsqlDbType.Text, provenances).Array(NpgsqlDbType.Text, models).Array(NpgsqlDbType.Bigint, created)
            .Array(NpgsqlDbType.Bigint, expires).Array(NpgsqlDbType.Bigint, validFrom).Array(NpgsqlDbType.Bigint, validTo)
            .Array(NpgsqlDbType.Bytea, vectors).Array(NpgsqlDbType.Bytea, contents);
    }

    private static void AddRecords(NpgsqlBatch batch, List<RecordHead> touched)
    {
        var kept = touched.FindAll(static h => h.Exists);
        if (kept.Count > 0)
        {
            AddKept(batch, UpsertRecords, kept);
        }

        var gone = touched.FindAll(static h => !h.Exists && h.IsStored);
        if (gone.Count > 0)
        {
            batch.Add(DeleteRecords)
                .Array(NpgsqlDbType.Bigint, gone.ConvertAll(static h => h.NamespaceId).ToArray())
                .Array(NpgsqlDbType.Text, gone.ConvertAll(static h => h.Key).ToArray());
        }
    }

    private static NpgsqlBatchCommand AddKept(NpgsqlBatch batch, string sql, List<RecordHead> kept) => batch.Add(sql)
        .Array(NpgsqlDbType.Bigint, kept.ConvertAll(static h => h.NamespaceId).ToArray())
        .Array(NpgsqlDbType.Text, kept.ConvertAll(static h => h.Key).ToArray())
        .Array(NpgsqlDbType.Bytea, kept.ConvertAll(static h => h.Id.ToBytes()).ToArray())
        .Array(NpgsqlDbType.Bigint, kept.ConvertAll(static h => h.Sequence.Value).ToArray())
        .Array(NpgsqlDbType.Integer, kept.ConvertAll(static h => h.Version).ToArray())
        .Array(NpgsqlDbType.Smallint, kept.ConvertAll(static h => h.Deleted ? (short)1 : (short)0).ToArray())
        .Array(NpgsqlDbType.Bigint, kept.ConvertAll(static h => h.CreatedAtMs).ToArray())
        .Array(NpgsqlDbType.Bigint, kept.ConvertAll(static h => h.ExpiresAtMs).ToArray())
        .Array(NpgsqlDbType.Bytea, kept.ConvertAll(static h => HashBytes(h.ContentHash)).ToArray());

    private static void AddMarks(NpgsqlBatch batch, List<NewMark> marks, long nowMs)
    {
        if (marks.Count == 0)
        {
            return;
        }

        // One order for everyone: two commits that wait for each other's marks would be a deadlock.
        var ordered = marks.ConvertAll(static m => (Key: MarkKey.Of(m.Mark), m.Mark, m.Results));
        ordered.Sort(static (a, b) => CommitScope.MarkOrder.Compare(
            (a.Key.Tenant, a.Key.HashHigh, a.Key.HashLow), (b.Key.Tenant, b.Key.HashHigh, b.Key.HashLow)));
        var tenants = ordered.ConvertAll(static m => m.Mark.Tenant).ToArray();
        var hashes = ordered.ConvertAll(static m => m.Mark.KeyHash).ToArray();
        batch.Add(DeleteOldMarks).Array(NpgsqlDbType.Text, tenants).Array(NpgsqlDbType.Bytea, hashes).Value(nowMs);
        batch.Add(InsertMarks).Array(NpgsqlDbType.Text, tenants).Array(NpgsqlDbType.Bytea, hashes)
            .Array(NpgsqlDbType.Bytea, ordered.ConvertAll(static m => m.Mark.RequestHash).ToArray())
            .Array(NpgsqlDbType.Bytea, ordered.ConvertAll(static m => m.Results).ToArray())
            .Array(NpgsqlDbType.Bigint, ordered.ConvertAll(static m => UnixTime.ToMs(m.Mark.ExpiresAt)).ToArray());
    }

    private static byte[] HashBytes(UInt128 hash)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, hash);
        return bytes;
    }

    private static byte[] WholeArray(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out var segment) && segment is { Offset: 0, Array: { } array } && segment.Count == array.Length
            ? array
            : memory.ToArray();
}
