using Sophia.Memory.Records;

namespace Sophia.Memory;

/// <summary>The settings of the core; section Sophia of the configuration. Every default is stated here.</summary>
public sealed record MemoryOptions
{
    private const int ShardShare = 4;

    public RecordLimits Limits { get; init; } = new();

    /// <summary>Records that the near copy holds at most; 100,000 by default.</summary>
    public int NearCapacity { get; init; } = 100_000;

    /// <summary>Bytes that the near copy takes at most; 64 MiB by default.</summary>
    public long NearLimitBytes { get; init; } = 64L << 20;

    /// <summary>
    /// Bytes of shards held in memory before cold ones are dropped; by default a quarter of what the process may use (of the
    /// machine, or of its container), and at least 1 GiB. To read back a million records takes half a minute.
    /// </summary>
    public long ShardLimitBytes { get; init; } = Math.Max(1L << 30, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / ShardShare);

    /// <summary>How long a shard must be unused before it may be dropped; one minute by default.</summary>
    public TimeSpan ShardIdle { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Bytes of recent log entries kept in memory for cursors; 16 MiB by default. Cursors further behind read the store.</summary>
    public long TailLimitBytes { get; init; } = 16L << 20;

    /// <summary>Operations that may wait to be committed before writers get 429; 20,000 by default.</summary>
    public int WriteQueue { get; init; } = 20_000;

    /// <summary>Operations that one transaction takes at most; 2,000 by default.</summary>
    public int CommitSize { get; init; } = 2_000;

    /// <summary>How long a read waits for L3 before a stale value is served instead, where there is one; 500 ms by default.</summary>
    public TimeSpan SoftTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a read waits for L3 at most; 5 s by default.</summary>
    public TimeSpan HardTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long after the log was last heard of a stale value may still be served; one minute by default.</summary>
    public TimeSpan FailSafe { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the shared cache may take before the hierarchy goes on without it; 50 ms by default.</summary>
    public TimeSpan SharedTimeout { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How often the log is asked for other nodes' changes when nothing wakes the cursor; 100 ms by default.</summary>
    public TimeSpan TailInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How far the cursor may be behind before near copies are not served; 1 s by default.</summary>
    public TimeSpan TailPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often expired records are cleaned up; 1 s by default.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Records that one clean-up transaction takes at most; 500 by default.</summary>
    public int SweepSize { get; init; } = 500;

    /// <summary>How long history is kept where a namespace does not say; null, for ever, by default.</summary>
    public TimeSpan? LogRetention { get; init; }

    /// <summary>How long a session lives after its last use where the caller does not say; one day by default.</summary>
    public TimeSpan SessionTimeToLive { get; init; } = TimeSpan.FromDays(1);

    /// <summary>The first setting that cannot be, with the message that fixes it; null when all are fine.</summary>
    public string? Validate()
    {
        if (NearLimitBytes > ShardLimitBytes)
        {
            return $"Sophia:NearLimitBytes ({NearLimitBytes:N0}) is larger than Sophia:ShardLimitBytes ({ShardLimitBytes:N0}). A lower tier must be at least as large as the one above: lower the first or raise the second.";
        }

        (string Name, long Value, long Least)[] numbers =
        [
            ("NearCapacity", NearCapacity, 3), ("NearLimitBytes", NearLimitBytes, 1 << 20), ("ShardLimitBytes", ShardLimitBytes, 1 << 20),
            ("TailLimitBytes", TailLimitBytes, 1 << 20), ("WriteQueue", WriteQueue, 1_000), ("CommitSize", CommitSize, 1), ("SweepSize", SweepSize, 1),
            ("Limits:ContentBytes", Limits.ContentBytes, 1), ("Limits:Tags", Limits.Tags, 0), ("Limits:AttributeBytes", Limits.AttributeBytes, 2),
        ];
        foreach (var (name, value, least) in numbers)
        {
            if (value < least)
            {
                return $"Sophia:{name} is {value:N0}; it must be at least {least:N0}.";
            }
        }

        if (Limits.KeyChars is < 1 or > 512)
        {
            return $"Sophia:Limits:KeyChars is {Limits.KeyChars}; keys have 1 to 512 characters.";
        }

        (string Name, TimeSpan Value)[] times =
        [
            ("SoftTimeout", SoftTimeout), ("HardTimeout", HardTimeout), ("SharedTimeout", SharedTimeout), ("TailInterval", TailInterval),
            ("TailPatience", TailPatience), ("SweepInterval", SweepInterval), ("SessionTimeToLive", SessionTimeToLive),
        ];
        foreach (var (name, value) in times)
        {
            if (value <= TimeSpan.Zero)
            {
                return $"Sophia:{name} is {value}; it must be a positive time such as 00:00:01.";
            }
        }

        return null;
    }
}
