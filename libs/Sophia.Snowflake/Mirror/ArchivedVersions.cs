using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Snowflake.Mirror;

/// <summary>Reads rows of the mirror back as rows of the log.</summary>
internal static class ArchivedVersions
{
    public static string Query(bool hasBefore, int limit) =>
        $"""
        SELECT sequence, change, version, previous, recorded_at, content_kind, content_type, content, content_bytes, tags, attributes, provenance, created_at, expires_at, valid_from, valid_to
        FROM {MirrorStatements.Log} WHERE namespace_id = ?::NUMBER(18,0) AND record_id = ?{(hasBefore ? " AND sequence < ?::NUMBER(18,0)" : "")} ORDER BY sequence DESC LIMIT {limit.ToString(CultureInfo.InvariantCulture)}
        """;

    public static LogEntry Read(DbDataReader row, NamespaceInfo ns, string key, RecordId id)
    {
        var sequence = new Sequence(Number(row, 0));
        var (version, recordedAt) = ((int)Number(row, 2), Time(row, 4)!.Value);
        var kind = row.GetString(1) switch
        {
            "put" => ChangeKind.Put,
            "delete" => ChangeKind.Delete,
            "forget" => ChangeKind.Forget,
            "expire" => ChangeKind.Expire,
            var other => throw new InvalidDataException($"The mirror has a row of the kind '{other}'."),
        };
        var content = Text(row, 5) switch
        {
            null => null,
            "bytes" => row.IsDBNull(8) ? null : (byte[])row.GetValue(8),
            _ => Text(row, 7) is { } text ? Encoding.UTF8.GetBytes(text) : null,
        };
        var record = kind != ChangeKind.Put || content is null ? null : new MemoryRecord
        {
            NamespaceId = ns.Id, Key = key, Id = id, Kind = Text(row, 5) switch { "text" => ContentKind.Text, "json" => ContentKind.Json, _ => ContentKind.Bytes },
            Content = content, ContentType = Text(row, 6)!, Version = version, Sequence = sequence, UpdatedAt = recordedAt, CreatedAt = Time(row, 12) ?? recordedAt,
            Tags = Text(row, 9) is { } tags ? JsonSerializer.Deserialize(tags, MirrorValues.Default.IReadOnlyListString)! : [],
            Attributes = Text(row, 10) is { } attributes ? Encoding.UTF8.GetBytes(attributes) : default,
            Provenance = Text(row, 11) is { } provenance ? JsonSerializer.Deserialize(provenance, MirrorValues.Default.Provenance) : null,
            ExpiresAt = Time(row, 13), ValidFrom = Time(row, 14), ValidTo = Time(row, 15),
        };
        return new LogEntry(sequence, ns.Id, id, kind, version, row.IsDBNull(3) ? Sequence.None : new Sequence(Number(row, 3)), recordedAt, record, key);
    }

    private static long Number(DbDataReader row, int column) => Convert.ToInt64(row.GetValue(column), CultureInfo.InvariantCulture);

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset? Time(DbDataReader row, int column) =>
        row.IsDBNull(column) ? null : new DateTimeOffset(DateTime.SpecifyKind(row.GetDateTime(column), DateTimeKind.Utc));
}
