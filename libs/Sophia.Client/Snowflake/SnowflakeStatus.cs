using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <summary>The mirror of the log.</summary>
/// <param name="LagRows">Rows of the log that Snowflake does not have yet.</param>
/// <param name="LagSeconds">Time since it had all.</param>
/// <param name="Stripped">Rows that went without their content, because Snowflake would not have it.</param>
public sealed record MirrorStatus(bool Paused, long LagRows, double LagSeconds, long Mirrored, long Stripped);

internal sealed record MirrorChange(bool Paused);

/// <summary>What the service writes to Snowflake.</summary>
/// <param name="Waiting">Rows by source.</param>
/// <param name="CreditsLastDay">Warehouse credits of the last day's flushes, estimated.</param>
/// <param name="Mirror">Null where the log is not mirrored.</param>
public sealed record SnowflakeStatus(
    [property: JsonRequired] string Engine, [property: JsonRequired] IReadOnlyDictionary<string, long> Waiting, DateTimeOffset? LastFlush, string? LastError, DateTimeOffset? RetryAt, int FlushesLastDay, double CreditsLastDay,
    double CreditsPerDayAtMost, MirrorStatus? Mirror);
