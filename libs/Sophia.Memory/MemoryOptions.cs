using Sophia.Memory.Records;

namespace Sophia.Memory;

/// <summary>The settings of the core; section Sophia of the configuration. Every default is stated here.</summary>
public sealed partial record MemoryOptions
{
    private const int ShardShare = 4;
    private const int MostShardShare = 2;

    public RecordLimits Limits { get; init; } = new();

    /// <summary>Records that the near copy holds at most; 100,000 by default.</summary>
    public int NearCapacity { get; init; } = 100_000;

    /// <summary>Bytes that the near copy takes at most; 64 MiB by default.</summary>
    public long NearLimitBytes { get; init; } = 64L << 20;

    /// <summary>
    /// Bytes of shards held in memory before cold ones are dropped; by default a quarter of what the process may use (of the
    /// machine, or of its container), and at least 1 GiB. To read back a million records takes half a minute.
    /// </summary>
    public long ShardLimitBytes { get; init; } = Math.Max(1L << 30, AvailableMemory.Bytes / ShardShare);

    /// <summary>
    /// Bytes that shards in this process take at most: one that does not fit is refused, instead of the process being ended for want of
    /// memory. Not below <see cref="ShardLimitBytes"/>; null, half of what the process may use, by default. A node of L0 has a setting of its own.
    /// </summary>
    public long? ShardMostBytes { get; init; }

    /// <summary>How long a shard must be unused before it may be dropped; one minute by default.</summary>
    public TimeSpan ShardIdle { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Records that a shard must have had room for before it is renewed for having thinned out; 65,536 by default.</summary>
    internal int ThinnedOutSlots { get; init; } = 1 << 16;

    /// <summary>Bytes of recent log entries kept in memory for cursors; 16 MiB by default. Cursors further behind read the store.</summary>
    public long TailLimitBytes { get; init; } = 16L << 20;

    /// <summary>Operations that may wait to be committed before writers get 429; 20,000 by default.</summary>
    public int WriteQueue { get; init; } = 20_000;

    /// <summary>Operations after which a transaction takes no further request; 2,000 by default.</summary>
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

    internal long MostShardBytes() => Math.Max(ShardLimitBytes, ShardMostBytes ?? AvailableMemory.Bytes / MostShardShare);
}
