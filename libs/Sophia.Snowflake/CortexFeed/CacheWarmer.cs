using System.Globalization;
using System.Text.Json;
using Sophia.Memory.Cortex;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Migrations;

namespace Sophia.Snowflake.CortexFeed;

/// <summary>Fills a cache that has just begun to be from CORTEX_CACHE_ENHANCED: the newest answers that have not expired.</summary>
public static class CacheWarmer
{
    private const int MostRows = 10_000;

    /// <returns>How many answers were kept.</returns>
    /// <exception cref="System.Data.Common.DbException"/>
    /// <exception cref="TimeoutException"/>
    public static async Task<int> WarmAsync(SnowflakeFlush flush, CortexMemory cortex, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var copies = await flush.BesideAsync(
            timeout,
            session => session.QueryAsync(
                $"SELECT cache_key, cache_value FROM {Migration.Schema}.CORTEX_CACHE_ENHANCED WHERE DATEADD(second, ttl, created_at) > SYSDATE() ORDER BY created_at DESC LIMIT {MostRows}",
                static reader => Read(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1)), cancellationToken),
            cancellationToken).ConfigureAwait(false);
        return await cortex.WarmAsync([.. copies.OfType<KeptCopy>()], cancellationToken).ConfigureAwait(false);
    }

    // Rows of others than this service are passed over.
    private static KeptCopy? Read(string key, string? value)
    {
        if (value is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(value);
        var json = document.RootElement;
        string? Text(string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        if (Text("tenant") is not { } tenant || Text("namespace") is not { } ns || Text("contentType") is not { } type || Text("expiresAt") is not { } expires ||
            !DateTimeOffset.TryParse(expires, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var expiresAt))
        {
            return null;
        }

        var content = json.TryGetProperty("content", out var raw) ? JsonSerializer.SerializeToUtf8Bytes(raw, Values.Default.JsonElement) : json.TryGetProperty("bytes", out var bytes) ? bytes.GetBytesFromBase64() : null;
        var vector = json.TryGetProperty("vector", out var components) ? components.EnumerateArray().Select(static c => c.GetSingle()).ToArray() : null;
        return content is null ? null : new KeptCopy(tenant, ns, key, type, content, vector, Text("attributes") is { } attributes ? System.Text.Encoding.UTF8.GetBytes(attributes) : [], expiresAt);
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonElement))]
internal sealed partial class Values : System.Text.Json.Serialization.JsonSerializerContext;
