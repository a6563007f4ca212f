using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Migrations;

namespace Sophia.Snowflake.CortexFeed;

/// <summary>
/// What the cache in front of models kept, for CORTEX_CACHE_ENHANCED: of each record the last that a batch of the log says. Their value
/// has all that is needed to keep them again elsewhere: tenant, namespace, content, vector of the prompt, expiry.
/// </summary>
internal sealed class CacheRows
{
    private const int MostErasedAtOnce = 500;
    private const string Table = Migration.Schema + ".CORTEX_CACHE_ENHANCED";

    private static readonly RowMerge Merge = new(
        Table, [new("cache_key")],
        [
            new("cache_value", "TRY_PARSE_JSON(?)"), new("gpu_processed", "?::BOOLEAN"), new("processing_time_ms", "?::INTEGER"), new("created_at", "?::TIMESTAMP_NTZ"),
            new("ttl", "?::INTEGER"),
        ]);

    private readonly Dictionary<RecordId, object?[]?> _rows = [];

    public int Count => _rows.Count;

    /// <summary>Whether the namespace is one of the cache's own.</summary>
    public static bool IsOf(NamespaceInfo ns) => ns.Name.StartsWith(NamespaceRules.Cortex, StringComparison.Ordinal);

    public void Add(NamespaceInfo ns, LogEntry entry)
    {
        // A put whose content was erased since has its tombstone further on.
        _rows[entry.Id] = entry is { Kind: ChangeKind.Put, Record: { } record } ? Row(ns, record) : null;
    }

    public async Task<long> WriteAsync(FlushSession session, CancellationToken cancellationToken)
    {
        foreach (var gone in _rows.Where(static row => row.Value is null).Select(static row => row.Key.ToString()).Chunk(MostErasedAtOnce))
        {
            await session.ExecuteAsync(
                $"DELETE FROM {Table} WHERE cache_value:recordId::VARCHAR IN ({string.Join(", ", gone.Select(static _ => "?"))})", cancellationToken, [.. gone]).ConfigureAwait(false);
        }

        await Merge.WriteAsync(session, [.. _rows.Values.OfType<object?[]>()], cancellationToken).ConfigureAwait(false);
        return _rows.Count;
    }

    private static object?[] Row(NamespaceInfo ns, MemoryRecord record)
    {
        long? latency = null;
        var buffer = new ArrayBufferWriter<byte>(record.Content.Length + 512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("tenant", ns.Tenant);
            json.WriteString("namespace", ns.Name);
            json.WriteString("recordId", record.Id.ToString());
            json.WriteString("contentType", record.ContentType);
            json.WriteString("expiresAt", record.ExpiresAt?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
            if (record.ContentType.EndsWith("+json", StringComparison.Ordinal))
            {
                json.WritePropertyName("content");
                json.WriteRawValue(record.Content.Span);
                using var content = JsonDocument.Parse(record.Content);
                latency = content.RootElement.TryGetProperty("latencyMs", out var took) && took.TryGetInt64(out var ms) ? ms : null;
            }
            else
            {
                json.WriteBase64String("bytes", record.Content.Span);
            }

            if (record.Attributes.Length > 0)
            {
                json.WriteString("attributes", record.Attributes.Span);
            }

            if (record.Vector is { } vector)
            {
                json.WriteStartArray("vector");
                foreach (var component in vector)
                {
                    json.WriteNumberValue(component);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return
        [
            record.Key, Encoding.UTF8.GetString(buffer.WrittenSpan), "false", latency, record.UpdatedAt,
            record.ExpiresAt is { } expires ? (long)Math.Ceiling((expires - record.UpdatedAt).TotalSeconds) : null,
        ];
    }
}
