namespace Sophia.Snowflake.Flushing;

/// <summary>How writing to Snowflake stands.</summary>
/// <param name="Waiting">Rows by source.</param>
/// <param name="LastFlush">When something was last written; null if nothing was since the start.</param>
/// <param name="LastError">What the last try failed with; null when it did not.</param>
/// <param name="RetryAt">When it is tried again after a failure.</param>
/// <param name="FlushesLastDay">Flushes with statements in the last 24 hours, of this process.</param>
/// <param name="CreditsLastDay">What the warehouse was up for them, in credits; an estimate.</param>
/// <param name="CreditsPerDayAtMost">What a day costs if every interval has something to write.</param>
public sealed record FlushReport(
    IReadOnlyDictionary<string, long> Waiting, DateTimeOffset? LastFlush, string? LastError, DateTimeOffset? RetryAt, int FlushesLastDay, double CreditsLastDay,
    double CreditsPerDayAtMost);
