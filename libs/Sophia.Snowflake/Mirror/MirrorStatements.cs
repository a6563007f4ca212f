using System.Globalization;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Snowflake.Migrations;

namespace Sophia.Snowflake.Mirror;

/// <summary>
/// The statements of the mirror. Rows are bound as arrays into tables of the session, as texts, and go from there in one MERGE for each table;
/// vectors have tables of the session of their own, where they are vectors already if the data source binds such values.
/// </summary>
internal static class MirrorStatements
{
    public const string Log = Migration.Schema + ".MEMORY_LOG";

    // A table of the session, in its schema.
    private const string Stage = "MIRROR_STAGE";
    private static readonly int[] Dimensions = [256, 384, 768, 1024, 1536];

    private static readonly string[] Columns =
    [
        "sequence", "namespace_id", "tenant", "namespace", "record_id", "record_key", "change", "version", "previous", "recorded_at", "content_kind", "content_type", "content",
        "content_bytes", "tags", "attributes", "provenance", "vector_model", "dimensions", "created_at", "expires_at", "valid_from", "valid_to",
    ];

    private static readonly string[] VectorColumns = ["namespace_id", "sequence", "record_id", "vector_model", "embedding"];

    public static readonly string MakeStage = $"CREATE TEMPORARY TABLE IF NOT EXISTS {Stage} ({string.Join(", ", MirrorRows.Columns.Select(static c => c + " VARCHAR"))})";

    public static readonly string EmptyStage = $"TRUNCATE TABLE {Stage}";

    public static readonly string Fill = Insert(Stage, MirrorRows.Columns);

    /// <summary>Every table that holds something of a record; the log's comes last, since by its rows others are found.</summary>
    public static readonly IReadOnlyList<string> Tables = [.. Dimensions.Select(static d => VectorTable(d)), VectorTable(0), Log];

    public static readonly string Merge = MergeInto(
        Log, Columns,
        """
        sequence::NUMBER(18,0) AS sequence, namespace_id::NUMBER(18,0) AS namespace_id, tenant, namespace, record_id, record_key, change, version::NUMBER(10,0) AS version,
        previous::NUMBER(18,0) AS previous, recorded_at::TIMESTAMP_NTZ AS recorded_at, content_kind, content_type, content, TO_BINARY(content_hex) AS content_bytes,
        PARSE_JSON(tags)::ARRAY AS tags, PARSE_JSON(attributes) AS attributes, PARSE_JSON(provenance) AS provenance, vector_model, dimensions::NUMBER(4,0) AS dimensions,
        created_at::TIMESTAMP_NTZ AS created_at, expires_at::TIMESTAMP_NTZ AS expires_at, valid_from::TIMESTAMP_NTZ AS valid_from, valid_to::TIMESTAMP_NTZ AS valid_to
        """,
        Stage);

    /// <summary>The length whose table a vector of this length stands in: its own, or 0 for the table of others.</summary>
    public static int TableOf(int dimensions) => Dimensions.Contains(dimensions) ? dimensions : 0;

    /// <param name="table">Of <see cref="TableOf"/>.</param>
    /// <param name="bound">Whether vectors are bound as such; one of another length never is.</param>
    public static string MakeVectorStage(int table, bool bound) =>
        $"CREATE TEMPORARY TABLE IF NOT EXISTS {VectorStage(table)} (namespace_id VARCHAR, sequence VARCHAR, record_id VARCHAR, vector_model VARCHAR, embedding {(bound && table > 0 ? $"VECTOR(FLOAT, {table})" : "VARCHAR")})";

    public static string EmptyVectorStage(int table) => $"TRUNCATE TABLE {VectorStage(table)}";

    public static string FillVectors(int table) => Insert(VectorStage(table), VectorColumns);

    public static string MergeVectors(int table, bool bound) => MergeInto(
        VectorTable(table), VectorColumns,
        $"namespace_id::NUMBER(18,0) AS namespace_id, sequence::NUMBER(18,0) AS sequence, record_id, vector_model, {(table == 0 ? "PARSE_JSON(embedding)::ARRAY" : bound ? "embedding" : $"PARSE_JSON(embedding)::VECTOR(FLOAT, {table})")} AS embedding",
        VectorStage(table));

    /// <summary>How many rows that stand there have the number of one to come, and are another.</summary>
    public static readonly string CountOthers = $"SELECT COUNT(*) FROM ({Others})";

    // A version of the log never changes, so a row with another record or time is of another log: the one before a restore, or another store's.
    private const string Others =
        $"""
        SELECT t.namespace_id, t.sequence FROM {Log} AS t JOIN {Stage} AS s ON t.namespace_id = s.namespace_id::NUMBER(18,0) AND t.sequence = s.sequence::NUMBER(18,0)
        WHERE t.record_id <> s.record_id OR t.recorded_at <> s.recorded_at::TIMESTAMP_NTZ
        """;

    /// <summary>Takes them out of a table.</summary>
    public static string EraseOthers(string table) => $"DELETE FROM {table} AS o USING ({Others}) AS other WHERE o.namespace_id = other.namespace_id AND o.sequence = other.sequence";

    /// <summary>What tombstones erase of a table: every row of their records that is older by its number, or by its time.</summary>
    // After a restore numbers come again, so rows of the log before it may have higher ones; within one log times never decrease.
    public static string Erase(string table) =>
        $"""
        DELETE FROM {table} AS t USING (
            SELECT s.record_id, s.last, l.sequence AS earlier
            FROM (SELECT record_id, MAX(sequence::NUMBER(18,0)) AS last, MAX(recorded_at::TIMESTAMP_NTZ) AS written FROM {Stage} WHERE change IN ('forget', 'expire') GROUP BY record_id) AS s
            LEFT JOIN {Log} AS l ON l.record_id = s.record_id AND l.recorded_at < s.written
        ) AS gone
        WHERE t.record_id = gone.record_id AND (t.sequence < gone.last OR t.sequence = gone.earlier){NotTombstones(table, "t.")}
        """;

    /// <summary>Erases rows of records that are older by their number, or by their time; bound are <see cref="RecordsToErase"/>.</summary>
    public static string EraseRecords(string table, int records)
    {
        var ids = string.Join(", ", Enumerable.Repeat("?", records));
        return $"""
            DELETE FROM {table} WHERE namespace_id = ?::NUMBER(18,0) AND record_id IN ({ids}) AND (sequence < ?::NUMBER(18,0)
            OR sequence IN (SELECT sequence FROM {Log} WHERE namespace_id = ?::NUMBER(18,0) AND record_id IN ({ids}) AND recorded_at < ?::TIMESTAMP_NTZ)){NotTombstones(table, "")}
            """;
    }

    /// <param name="before">The first sequence that stays.</param>
    /// <param name="asked">The first time that stays; in whole milliseconds, as the log's times are.</param>
    public static object?[] RecordsToErase(long namespaceId, IReadOnlyList<RecordId> records, Sequence before, DateTimeOffset asked)
    {
        var (space, ids) = (namespaceId.ToString(CultureInfo.InvariantCulture), records.Select(static id => id.ToString()));
        return [space, .. ids, before.Value.ToString(CultureInfo.InvariantCulture), space, .. ids, asked.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture)];
    }

    /// <param name="namespaces">Ids.</param>
    public static string EraseNamespaces(string table, IEnumerable<long> namespaces) => $"DELETE FROM {table} WHERE namespace_id IN ({string.Join(", ", namespaces)})";

    public static string VectorTable(int dimensions) => $"{Migration.Schema}.MEMORY_VECTORS_{(dimensions == 0 ? "OTHER" : dimensions)}";

    private static string NotTombstones(string table, string prefix) => table == Log ? $" AND {prefix}change NOT IN ('forget', 'expire')" : "";

    private static string VectorStage(int dimensions) => $"MIRROR_VECTORS_{(dimensions == 0 ? "OTHER" : dimensions)}";

    private static string Insert(string table, string[] columns) => $"INSERT INTO {table} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(static _ => "?"))})";

    private static string MergeInto(string table, string[] columns, string values, string stage) =>
        $"""
        MERGE INTO {table} AS t
        USING (SELECT {values} FROM {stage}) AS s
        ON t.namespace_id = s.namespace_id AND t.sequence = s.sequence
        WHEN NOT MATCHED THEN INSERT ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(static c => "s." + c))})
        """;
}
