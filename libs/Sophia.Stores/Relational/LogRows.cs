using System.Data.Common;
using System.Text;
using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Stores.Relational;

/// <summary>Rows of log joined with contents, as every read of records and of the log selects them.</summary>
internal static class LogRows
{
    /// <summary>The columns of an entry without its record, with l for log and c for contents, which may be missing.</summary>
    public const string HeadColumns = "l.lsn, l.ns_id, l.record_id, l.kind, l.version, l.previous, l.recorded_at, c.key";

    /// <inheritdoc cref="HeadColumns"/>
    public const string Columns =
        HeadColumns + ", c.kind, c.content_type, c.content, c.tags, c.attributes, c.provenance, c.vector, c.vector_model, " +
        "c.created_at, c.expires_at, c.valid_from, c.valid_to";

    /// <summary>The kind of a content row that keeps only the key, behind a delete or an expiry.</summary>
    public const short KeyOnly = 0;

    public static LogEntry Entry(DbDataReader row)
    {
        var key = row.TextOrNull(7);
        var id = IdOf(row);
        return Entry(row, id, key is null || row.GetInt16(8) == KeyOnly ? null : Record(row, id, key), key);
    }

    public static LogEntry Head(DbDataReader row) => Entry(row, IdOf(row), null, row.TextOrNull(7));

    public static MemoryRecord Record(DbDataReader row) => Record(row, IdOf(row), row.GetString(7));

    private static RecordId IdOf(DbDataReader row) => RecordId.FromBytes(row.GetFieldValue<byte[]>(2));

    private static LogEntry Entry(DbDataReader row, RecordId id, MemoryRecord? record, string? key) => new(
        new Sequence(row.GetInt64(0)),
        row.GetInt64(1),
        id,
        (ChangeKind)row.GetInt16(3),
        row.GetInt32(4),
        new Sequence(row.GetInt64(5)),
        UnixTime.FromMs(row.GetInt64(6)),
        record,
        key);

    private static MemoryRecord Record(DbDataReader row, RecordId id, string key) => new()
    {
        Sequence = new Sequence(row.GetInt64(0)),
        NamespaceId = row.GetInt64(1),
        Id = id,
        Version = row.GetInt32(4),
        UpdatedAt = UnixTime.FromMs(row.GetInt64(6)),
        Key = key,
        Kind = (ContentKind)row.GetInt16(8),
        ContentType = row.GetString(9),
        Content = row.GetFieldValue<byte[]>(10),
        Tags = row.TextOrNull(11) is { } tags ? StoredJson.Tags(tags) : [],
        Attributes = row.TextOrNull(12) is { } attributes ? Encoding.UTF8.GetBytes(attributes) : ReadOnlyMemory<byte>.Empty,
        Provenance = row.TextOrNull(13) is { } provenance ? StoredJson.Provenance(provenance) : null,
        Vector = row.BytesOrNull(14) is { } vector ? VectorCodec.Decode(vector) : null,
        VectorModel = row.TextOrNull(15),
        CreatedAt = UnixTime.FromMs(row.GetInt64(16)),
        ExpiresAt = UnixTime.FromMs(row.Int64OrNull(17)),
        ValidFrom = UnixTime.FromMs(row.Int64OrNull(18)),
        ValidTo = UnixTime.FromMs(row.Int64OrNull(19)),
    };
}
