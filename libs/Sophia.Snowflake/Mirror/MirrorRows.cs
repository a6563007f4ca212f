using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Snowflake.CortexFeed;

namespace Sophia.Snowflake.Mirror;

/// <summary>Rows of the log as columns of text, in the order of the staging table, and their vectors apart.</summary>
/// <param name="bindsVectors">Whether a vector stays one; otherwise it becomes a text of JSON.</param>
internal sealed class MirrorRows(bool bindsVectors)
{
    public static readonly string[] Columns =
    [
        "sequence", "namespace_id", "tenant", "namespace", "record_id", "record_key", "change", "version", "previous", "recorded_at", "content_kind", "content_type", "content",
        "content_hex", "tags", "attributes", "provenance", "vector_model", "dimensions", "created_at", "expires_at", "valid_from", "valid_to",
    ];

    private static readonly string?[] Halves = new string?[1 << 16];
    private readonly List<string?[]> _rows = [];
    private readonly SortedDictionary<int, List<(int Row, object Vector)>> _vectors = [];

    public int Count => _rows.Count;

    /// <summary>Rows of the cache in front of models, which go to a table of their own.</summary>
    public CacheRows Cache { get; } = new();

    /// <summary>Rows of all kinds.</summary>
    public int All => Count + Cache.Count;

    /// <summary>Characters of all values, about.</summary>
    public long Size { get; private set; }

    /// <summary>Whether a row erases: only then rows have to be deleted.</summary>
    public bool Erases { get; private set; }

    public void Add(NamespaceInfo ns, LogEntry entry)
    {
        if (CacheRows.IsOf(ns))
        {
            Cache.Add(ns, entry);
            Size += entry.Record?.Content.Length ?? 0;
            return;
        }

        var record = entry.Record;
        var row = new string?[]
        {
            Text(entry.Sequence.Value), Text(entry.NamespaceId), ns.Tenant, ns.Name, entry.Id.ToString(), record?.Key ?? entry.Key, NameOf(entry.Kind), Text(entry.Version),
            entry.Previous.IsNone ? null : Text(entry.Previous.Value), Time(entry.RecordedAt), record is null ? null : NameOf(record.Kind), record?.ContentType,
            record is null || record.Kind == ContentKind.Bytes ? null : Encoding.UTF8.GetString(record.Content.Span),
            record?.Kind == ContentKind.Bytes ? Convert.ToHexString(record.Content.Span) : null,
            record is { Tags.Count: > 0 } ? JsonSerializer.Serialize(record.Tags, MirrorValues.Default.IReadOnlyListString) : null,
            record is { Attributes.Length: > 0 } ? Encoding.UTF8.GetString(record.Attributes.Span) : null,
            record?.Provenance is { } provenance ? JsonSerializer.Serialize(provenance, MirrorValues.Default.Provenance) : null,
            record?.VectorModel, record?.Vector is { } values ? Text(values.Length) : null,
            Time(record?.CreatedAt), Time(record?.ExpiresAt), Time(record?.ValidFrom), Time(record?.ValidTo),
        };
        Erases |= entry.Kind is ChangeKind.Forget or ChangeKind.Expire;
        if (record?.Vector is { } vector)
        {
            var table = MirrorStatements.TableOf(vector.Length);
            object value = bindsVectors && table > 0 ? vector : Json(vector);
            Size += value is string json ? json.Length : vector.Length * sizeof(float);
            if (!_vectors.TryGetValue(table, out var all))
            {
                _vectors[table] = all = [];
            }

            all.Add((_rows.Count, value));
        }

        Size += 200 + row.Sum(static value => (long)(value?.Length ?? 0));
        _rows.Add(row);
    }

    /// <summary>An array for each column, of these rows.</summary>
    public object?[] Arrays(int from, int count)
    {
        var arrays = new object?[Columns.Length];
        for (var i = 0; i < arrays.Length; i++)
        {
            var column = new string?[count];
            for (var row = 0; row < count; row++)
            {
                column[row] = _rows[from + row][i];
            }

            arrays[i] = column;
        }

        return arrays;
    }

    /// <summary>The tables, as <see cref="MirrorStatements.TableOf"/> gives them, that vectors of these rows go to, each with an array for each of its columns.</summary>
    public IEnumerable<(int Table, object?[] Arrays)> Vectors(int from, int count)
    {
        foreach (var (table, all) in _vectors)
        {
            var some = all.Where(vector => vector.Row >= from && vector.Row < from + count).ToArray();
            if (some.Length == 0)
            {
                continue;
            }

            string?[] Column(int place) => Array.ConvertAll(some, vector => _rows[vector.Row][place]);
            object vectors = some[0].Vector is float[] ? Array.ConvertAll(some, static vector => (float[])vector.Vector) : Array.ConvertAll(some, static vector => (string)vector.Vector);
            yield return (table, [Column(1), Column(0), Column(4), Column(17), vectors]);
        }
    }

    /// <summary>Leaves a row's place in the log and takes away what Snowflake would not have.</summary>
    /// <returns>Its sequence; null when nothing was left to be taken away.</returns>
    public string? Bare(int row)
    {
        if (_rows[row].AsSpan(12, 7).IndexOfAnyExcept((string?)null) < 0)
        {
            return null;
        }

        for (var i = 12; i <= 18; i++)
        {
            _rows[row][i] = null;
        }

        foreach (var all in _vectors.Values)
        {
            all.RemoveAll(vector => vector.Row == row);
        }

        return _rows[row][0]!;
    }

    public static string NameOf(ChangeKind kind) => kind switch
    {
        ChangeKind.Put => "put",
        ChangeKind.Delete => "delete",
        ChangeKind.Forget => "forget",
        ChangeKind.Expire => "expire",
        _ => ((int)kind).ToString(CultureInfo.InvariantCulture),
    };

    public static string NameOf(ContentKind kind) => kind switch { ContentKind.Text => "text", ContentKind.Json => "json", _ => "bytes" };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);

    private static string Json(float[] values)
    {
        // "[" and "]", a comma and at most 15 characters for each: what R of a float needs.
        var buffer = ArrayPool<char>.Shared.Rent((values.Length * 16) + 2);
        var at = 0;
        buffer[at++] = '[';
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0)
            {
                buffer[at++] = ',';
            }

            // The default embedder's components are halves, of which there are 65,536: their texts are made once.
            if ((Half)values[i] is var half && (float)half == values[i])
            {
                var text = Halves[BitConverter.HalfToUInt16Bits(half)] ??= values[i].ToString(CultureInfo.InvariantCulture);
                text.CopyTo(buffer.AsSpan(at));
                at += text.Length;
            }
            else
            {
                values[i].TryFormat(buffer.AsSpan(at), out var written, provider: CultureInfo.InvariantCulture);
                at += written;
            }
        }

        buffer[at++] = ']';
        var json = new string(buffer, 0, at);
        ArrayPool<char>.Shared.Return(buffer);
        return json;
    }
}

[System.Text.Json.Serialization.JsonSourceGenerationOptions(PropertyNamingPolicy = System.Text.Json.Serialization.JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
[System.Text.Json.Serialization.JsonSerializable(typeof(IReadOnlyList<string>))]
[System.Text.Json.Serialization.JsonSerializable(typeof(Provenance))]
internal sealed partial class MirrorValues : System.Text.Json.Serialization.JsonSerializerContext;
