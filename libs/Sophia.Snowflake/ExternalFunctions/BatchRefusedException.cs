namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>
/// A batch that is not answered with rows. Snowflake fails the query with the body as its message, except for 429 and
/// 503, after which it slows down and sends the batch again.
/// </summary>
/// <param name="status">An HTTP status, never 200 or 202.</param>
/// <param name="code">Stable, for programs.</param>
/// <param name="suggestion">What to do about it.</param>
public sealed class BatchRefusedException(int status, string code, string message, string suggestion, Exception? inner = null) : Exception(message, inner)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public string Suggestion { get; } = suggestion;

    /// <summary>How long to wait before the next try; null where trying again does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    internal static BatchRefusedException Malformed(string message, Exception? inner = null) =>
        new(400, "malformed-batch", message, "Send what Snowflake sends: {\"data\":[[0,argument,…],[1,argument,…]]}.", inner);
}
