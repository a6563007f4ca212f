namespace Sophia.Snowflake.Flushing;

/// <summary>What the service writes to Snowflake, and when; section Sophia:Snowflake.</summary>
public sealed record SnowflakeOptions
{
    // What is beyond it was meant otherwise: a bare number is days.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    /// <summary>The database of the local engine, where no account is configured. Default: snowflake.duckdb in the data directory.</summary>
    public string? File { get; init; }

    /// <summary>Whether the log is mirrored. Default: where an account is configured, and not into the local engine.</summary>
    public bool? Mirror { get; init; }

    /// <summary>Whether a service whose store is new takes the answers of models over from CORTEX_CACHE_ENHANCED. Default: true; it takes the mirror.</summary>
    public bool WarmCache { get; init; } = true;

    /// <summary>How long rows wait at most before they are written. Default: 15 minutes.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How many rows wait at most before they are written. Default: 50,000.</summary>
    public int FlushRows { get; init; } = 50_000;

    /// <summary>How often it is looked whether a flush is due; costs no statement. Default: 1 s.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long one statement may take. Default: 5 minutes.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a forget waits for the erasure in Snowflake. Default: 30 s.</summary>
    public TimeSpan EraseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Rows of one MERGE. Default: 10,000.</summary>
    public int BatchRows { get; init; } = 10_000;

    /// <summary>Bytes of content and vectors of one MERGE, about. Default: 16 MiB.</summary>
    public int BatchBytes { get; init; } = 16 << 20;

    /// <summary>How often pools and GPUs are looked at. Default: one minute.</summary>
    public TimeSpan SampleInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Credits per hour of the warehouse that the flushes run in; for the estimate of what they cost. Default: 1, an X-SMALL.</summary>
    public double WarehouseCreditsPerHour { get; init; } = 1;

    /// <summary>Seconds after a flush until the warehouse is suspended; for the estimate. Default: 60.</summary>
    public int WarehouseAutoSuspendSeconds { get; init; } = 60;

    /// <summary>The first setting that cannot be, with the message that fixes it; null when all are fine.</summary>
    public string? Validate()
    {
        (string Name, TimeSpan Value, TimeSpan Least)[] times =
        [
            (nameof(FlushInterval), FlushInterval, TimeSpan.FromSeconds(1)), (nameof(CheckInterval), CheckInterval, TimeSpan.FromMilliseconds(10)),
            (nameof(StatementTimeout), StatementTimeout, TimeSpan.FromSeconds(1)), (nameof(EraseTimeout), EraseTimeout, TimeSpan.FromSeconds(1)),
            (nameof(SampleInterval), SampleInterval, TimeSpan.FromSeconds(1)),
        ];
        foreach (var (name, value, least) in times)
        {
            if (value < least || value > LongestWait)
            {
                return $"Sophia:Snowflake:{name} is {value}; it must be a time from {least} to {LongestWait} (a bare number is days).";
            }
        }

        (string Name, double Value, double Least, double Most)[] numbers =
        [
            (nameof(FlushRows), FlushRows, 1, 10_000_000), (nameof(BatchRows), BatchRows, 1, 100_000), (nameof(BatchBytes), BatchBytes, 1 << 16, 1 << 28),
            (nameof(WarehouseCreditsPerHour), WarehouseCreditsPerHour, 0, 1024), (nameof(WarehouseAutoSuspendSeconds), WarehouseAutoSuspendSeconds, 0, 86_400),
        ];
        foreach (var (name, value, least, most) in numbers)
        {
            if (!(value >= least && value <= most))
            {
                return $"Sophia:Snowflake:{name} is {value}; it must be from {least:N0} to {most:N0}.";
            }
        }

        return null;
    }
}
