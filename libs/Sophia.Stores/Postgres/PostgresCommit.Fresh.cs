using Npgsql;
using NpgsqlTypes;
using Sophia.Stores.Relational;

namespace Sophia.Stores.Postgres;

/// <summary>
/// A commit of new records in one round trip. 1. What becomes of them is decided beforehand, as for an empty store, with
/// numbers that count from the end of each partition. 2. The database locks the partitions, takes the numbers and adds them
/// to the rows as it inserts them, so nothing waits under the lock but the database itself. 3. If one of the keys is there
/// already, the primary key refuses it, nothing was done, and the commit goes the way of two round trips.
/// </summary>
internal static partial class PostgresCommit
{
    /// <summary>Each partition has statements of its own in the batch; with more, the other way is the shorter.</summary>
    private const int MostFreshPartitions = 4;

    // A wait for the lock moves the time that is recorded, since answers as of that time may have been given meanwhile;
    // shorter ones are no more than what any commit takes from its time until it can be seen.
    private const string Take =
        "UPDATE partitions p SET last_number = last_number + c.n, last_recorded_at = greatest(last_recorded_at, $3 + " +
        "CASE WHEN clock_timestamp() - now() > interval '100 ms' THEN (extract(epoch FROM clock_timestamp() - now()) * 1000)::bigint ELSE 0 END) " +
        "FROM unnest($1, $2) AS c (partition, n) WHERE p.partition = c.partition RETURNING p.partition, last_number - c.n, last_recorded_at";

    private const string InsertFreshRecords =
        "INSERT INTO records (ns_id, key, record_id, lsn, version, deleted, created_at, expires_at, content_hash) " +
        "SELECT ns_id, key, record_id, lsn + last_number - $11, version, deleted, last_recorded_at, expires_at, content_hash " +
        "FROM partitions CROSS JOIN unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) AS u (ns_id, key, record_id, lsn, version, deleted, created_at, expires_at, content_hash) " +
        "WHERE partition = $10";

    private const string InsertFreshLog =
        "INSERT INTO log (lsn, ns_id, record_id, kind, version, previous, recorded_at) " +
        "SELECT lsn + last_number - $9, ns_id, record_id, kind, version, previous, last_recorded_at " +
        "FROM partitions CROSS JOIN unnest($1, $2, $3, $4, $5, $6, $7) AS u (lsn, ns_id, record_id, kind, version, previous, recorded_at) WHERE partition = $8";

    private const string InsertFreshContents =
        "INSERT INTO contents (lsn, key, kind, content_type, tags, attributes, provenance, vector_model, created_at, expires_at, valid_from, valid_to, vector, content) " +
        "SELECT lsn + last_number - $16, key, kind, content_type, tags, attributes, provenance, vector_model, last_recorded_at, expires_at, valid_from, valid_to, vector, content " +
        "FROM partitions CROSS JOIN unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) " +
        "AS u (lsn, key, kind, content_type, tags, attributes, provenance, vector_model, created_at, expires_at, valid_from, valid_to, vector, content) WHERE partition = $15";

    public static bool MayBeFresh(CommitScope scope) => scope.HoldsOnlyPlainPuts && scope.Partitions.Length <= MostFreshPartitions;

    /// <param name="plan">Decided on an empty state; has its numbers and times when the task completes.</param>
    /// <exception cref="PostgresException">Among others, a unique violation of records: <see cref="IsKnownKey"/>.</exception>
    public static async Task WriteFreshAsync(NpgsqlConnection connection, CommitPlan plan, CommitScope scope, long nowMs, int timeoutSeconds)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = timeoutSeconds };
        batch.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
        batch.Add(Lock).Array(NpgsqlDbType.Integer, scope.Partitions);
        batch.Add(Take)
            .Array(NpgsqlDbType.Integer, scope.Partitions)
            .Array(NpgsqlDbType.Bigint, Array.ConvertAll(scope.Partitions, plan.LastNumber))
            .Value(nowMs);
        foreach (var partition in scope.Partitions)
        {
            // The records first: where a key is known, that shows before the work is done.
            var count = plan.LastNumber(partition);
            var isOnly = scope.Partitions.Length == 1;
            var heads = isOnly ? plan.Touched : plan.Touched.FindAll(h => h.Sequence.Partition == partition);
            var entries = isOnly ? plan.Entries : plan.Entries.FindAll(e => e.Sequence.Partition == partition);
            AddKept(batch, InsertFreshRecords, heads).Value(partition).Value(count);
            AddLog(batch, InsertFreshLog, entries)!.Value(partition).Value(count);
            AddContents(batch, InsertFreshContents, entries)!.Value(partition).Value(count);
        }

        batch.Add("COMMIT");
        await batch.PrepareAsync().ConfigureAwait(false);
        await using var rows = await batch.ExecuteReaderAsync().ConfigureAwait(false);
        await rows.NextResultAsync().ConfigureAwait(false); // the locks' rows say what the next say better
        var given = new CommitState();
        while (await rows.ReadAsync().ConfigureAwait(false))
        {
            var partition = rows.GetInt32(0);
            given.LastNumbers[partition] = rows.GetInt64(1);
            given.LastRecordedAtMs[partition] = rows.GetInt64(2);
        }

        // Errors of the later statements come with their results; the commit's is the last.
        while (await rows.NextResultAsync().ConfigureAwait(false))
        {
        }

        plan.Rebase(given);
    }

    public static bool IsKnownKey(PostgresException e) => e is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "records" };
}
