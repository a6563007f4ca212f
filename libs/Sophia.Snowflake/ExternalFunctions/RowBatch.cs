using System.IO.Compression;
using System.Text.Json;

namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>One row of a batch.</summary>
/// <param name="Number">As Snowflake numbered it; the answer carries it back.</param>
/// <param name="Arguments">As many as the function has parameters.</param>
public readonly record struct BatchRow(long Number, JsonElement[] Arguments);

/// <summary>The rows that Snowflake sends in one call: {"data":[[0,argument,…],[1,argument,…]]}.</summary>
public sealed class RowBatch
{
    private const int MaxDepth = 16;

    private RowBatch(IReadOnlyList<BatchRow> rows) => Rows = rows;

    /// <summary>In the order in which they were sent.</summary>
    public IReadOnlyList<BatchRow> Rows { get; }

    /// <summary>The whole body, decompressed; no more than the limit is ever held.</summary>
    /// <exception cref="BatchRefusedException">too-large (413), malformed-gzip, encoding-not-supported (415).</exception>
    public static async Task<byte[]> ReadBodyAsync(Stream body, string? contentEncoding, BatchLimits limits, CancellationToken cancellationToken)
    {
        switch (contentEncoding?.Trim().ToUpperInvariant())
        {
            case null or "" or "IDENTITY":
                return await ReadAllAsync(body, limits.MaxBytes, cancellationToken).ConfigureAwait(false);
            case "GZIP":
                await using (var unzipped = new GZipStream(body, CompressionMode.Decompress, leaveOpen: true))
                {
                    try
                    {
                        return await ReadAllAsync(unzipped, limits.MaxBytes, cancellationToken).ConfigureAwait(false);
                    }
                    catch (InvalidDataException e)
                    {
                        throw new BatchRefusedException(400, "malformed-gzip", "The body is said to be gzip and is not, or is cut short.", "Send the batch again, whole.", e);
                    }
                }

            default:
                throw new BatchRefusedException(
                    415, "encoding-not-supported", $"The body is encoded as '{contentEncoding}'.", "Send it as gzip or as it is (COMPRESSION = GZIP or NONE).");
        }
    }

    private static JsonElement? DataOf(JsonElement root)
    {
        try
        {
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("data", out var data) ? data : null;
        }
        catch (InvalidOperationException e)
        {
            throw BatchRefusedException.Malformed("The body has a name with half of a surrogate pair.", e);
        }
    }

    /// <param name="parameters">How many arguments each row must have.</param>
    /// <exception cref="BatchRefusedException">malformed-batch, too-large.</exception>
    public static RowBatch Parse(ReadOnlyMemory<byte> body, int parameters, BatchLimits limits)
    {
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            root = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw BatchRefusedException.Malformed($"The body is not JSON: {e.Message}", e);
        }

        if (DataOf(root) is not { ValueKind: JsonValueKind.Array } data)
        {
            throw BatchRefusedException.Malformed("The body has no array 'data'.");
        }

        var count = data.GetArrayLength();
        if (count > limits.MaxRows)
        {
            throw new BatchRefusedException(413, "too-large", $"The batch has {count} rows; {limits.MaxRows} are taken.", $"Set MAX_BATCH_ROWS of the function to {limits.MaxRows} or less.");
        }

        var rows = new BatchRow[count];
        var seen = new HashSet<long>(count);
        var at = 0;
        foreach (var row in data.EnumerateArray())
        {
            rows[at] = RowOf(row, at, parameters);
            if (!seen.Add(rows[at].Number))
            {
                throw BatchRefusedException.Malformed($"Two rows have the number {rows[at].Number}.");
            }

            at++;
        }

        return new RowBatch(rows);
    }

    private static BatchRow RowOf(JsonElement row, int at, int parameters)
    {
        if (row.ValueKind != JsonValueKind.Array || row.GetArrayLength() != parameters + 1)
        {
            throw BatchRefusedException.Malformed($"data[{at}] is not an array of a row number and {parameters} argument{(parameters == 1 ? "" : "s")}.");
        }

        var number = row[0];
        if (number.ValueKind != JsonValueKind.Number || !number.TryGetInt64(out var value) || value is < 0 or > int.MaxValue)
        {
            throw BatchRefusedException.Malformed($"The row number of data[{at}] is not a whole number from 0 to {int.MaxValue}.");
        }

        var arguments = new JsonElement[parameters];
        for (var i = 0; i < parameters; i++)
        {
            arguments[i] = row[i + 1];
        }

        return new BatchRow(value, arguments);
    }

    private static async Task<byte[]> ReadAllAsync(Stream stream, long limit, CancellationToken cancellationToken)
    {
        using var read = new MemoryStream();
        var buffer = new byte[81920];
        int n;
        while ((n = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (read.Length + n > limit)
            {
                throw new BatchRefusedException(413, "too-large", $"The batch has more than {limit} bytes.", "Set MAX_BATCH_ROWS of the function lower.");
            }

            read.Write(buffer, 0, n);
        }

        return read.ToArray();
    }
}
