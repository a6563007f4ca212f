using System.Text;

namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>
/// The headers that Snowflake sends with each batch. Names and signatures may hold any character, so each of those headers
/// has a twin in Base64 of UTF-8, which is the one to trust.
/// Source: docs.snowflake.com, "External functions data formats", headers.
/// </summary>
/// <param name="BatchId">The same for every repeat and every poll of one batch: the idempotency token.</param>
/// <param name="QueryId">The query that calls; null when the caller named none.</param>
/// <param name="Function">As the database names it; null when the caller named none.</param>
/// <param name="Signature">The SQL signature, such as (A VARCHAR, B VARCHAR); not a cryptographic one.</param>
public sealed record BatchHeaders(string BatchId, string? QueryId, string? Function, string? Signature, string? ReturnType)
{
    public const string Prefix = "sf-external-function-";
    private const int MaxBatchIdChars = 200;

    /// <param name="header">The value of a header, or null when it was not sent.</param>
    /// <exception cref="BatchRefusedException">No batch id, a format that is not JSON 1.0, broken Base64.</exception>
    public static BatchHeaders Read(Func<string, string?> header)
    {
        if (header(Prefix + "format") is { } format && !format.Equals("json", StringComparison.OrdinalIgnoreCase))
        {
            throw new BatchRefusedException(400, "format-not-supported", $"The batch is in the format '{format}'.", "Send the format json.");
        }

        if (header(Prefix + "format-version") is { } version && version != "1.0")
        {
            throw new BatchRefusedException(400, "format-not-supported", $"The batch is in version '{version}' of the format.", "Send the format version 1.0.");
        }

        var batchId = header(Prefix + "query-batch-id");
        if (string.IsNullOrWhiteSpace(batchId) || batchId.Length > MaxBatchIdChars)
        {
            throw new BatchRefusedException(
                400, "batch-id-missing", $"The header {Prefix}query-batch-id is missing, empty or longer than {MaxBatchIdChars} characters.",
                "Call through an external function of Snowflake, or send an id of your own that is the same for each repeat.");
        }

        return new BatchHeaders(
            batchId, header(Prefix + "current-query-id"), Twin(header, "name"), Twin(header, "signature"), Twin(header, "return-type"));
    }

    private static string? Twin(Func<string, string?> header, string name)
    {
        if (header($"{Prefix}{name}-base64") is not { } encoded)
        {
            return header(Prefix + name);
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Convert.FromBase64String(encoded));
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            throw new BatchRefusedException(
                400, "malformed-header", $"The header {Prefix}{name}-base64 is not Base64 of UTF-8.", $"Send it as Snowflake does, or only {Prefix}{name}.", e);
        }
    }
}
