namespace Sophia.Api.Answering;

/// <summary>Headers that the server has no names for.</summary>
internal static class HeaderNames
{
    public const string ServerTiming = "Server-Timing";
    public const string ServedBy = "Sophia-Tier";
    public const string SequenceToken = "Sophia-Sequence";
    public const string MinSequence = "Sophia-Min-Sequence";
    public const string Stale = "Sophia-Stale";
    public const string Tenant = "Sophia-Tenant";
    public const string ApiKey = "X-Api-Key";
    public const string IdempotencyKey = "Idempotency-Key";
    public const string IdempotencyReplayed = "Idempotency-Replayed";
}
