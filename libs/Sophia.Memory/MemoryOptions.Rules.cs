namespace Sophia.Memory;

public sealed partial record MemoryOptions
{
    /// <summary>The longest of a time that something waits for: what is beyond it was meant otherwise ("60" is sixty days).</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    /// <summary>The longest of a time that something is kept for.</summary>
    private static readonly TimeSpan LongestKept = TimeSpan.FromDays(36_500);

    /// <summary>The first setting that cannot be, with the message that fixes it; null when all are fine.</summary>
    public string? Validate()
    {
        if (SizeThatCannotBe() is { } size)
        {
            return size;
        }

        if (NearLimitBytes > ShardLimitBytes)
        {
            return $"Sophia:NearLimitBytes ({NearLimitBytes:N0}) is larger than Sophia:ShardLimitBytes ({ShardLimitBytes:N0}). A lower tier must be at least as large as the one above: lower the first or raise the second.";
        }

        if (ShardMostBytes < ShardLimitBytes)
        {
            return $"Sophia:ShardMostBytes ({ShardMostBytes:N0}) is below Sophia:ShardLimitBytes ({ShardLimitBytes:N0}), from which on cold shards are dropped: raise the first or lower the second.";
        }

        return NumberThatCannotBe() ?? TimeThatCannotBe() ?? (SweepSize > WriteQueue
            ? $"Sophia:SweepSize is {SweepSize:N0} and Sophia:WriteQueue {WriteQueue:N0}: a clean-up would never find room in the queue. Lower the first or raise the second."
            : null);
    }

    // The default of the first is at least 1 GiB, however small the machine.
    private string? SizeThatCannotBe() => (ShardLimitBytes > 1L << 30 ? AvailableMemory.Problem("Sophia:ShardLimitBytes", ShardLimitBytes) : null) ??
        AvailableMemory.Problem("Sophia:ShardMostBytes", ShardMostBytes) ?? AvailableMemory.Problem("Sophia:TailLimitBytes", TailLimitBytes);

    private string? NumberThatCannotBe()
    {
        (string Name, long Value, long Least, long Most)[] numbers =
        [
            ("NearCapacity", NearCapacity, 3, int.MaxValue), ("NearLimitBytes", NearLimitBytes, 1 << 20, long.MaxValue),
            ("ShardLimitBytes", ShardLimitBytes, 1 << 20, long.MaxValue), ("TailLimitBytes", TailLimitBytes, 1 << 20, long.MaxValue),
            ("WriteQueue", WriteQueue, 1_000, int.MaxValue), ("CommitSize", CommitSize, 1, 100_000), ("SweepSize", SweepSize, 1, 100_000),
            ("Limits:KeyChars", Limits.KeyChars, 1, 512), ("Limits:ContentBytes", Limits.ContentBytes, 1, 1 << 30),
            ("Limits:Tags", Limits.Tags, 0, 100_000), ("Limits:TagChars", Limits.TagChars, 1, 100_000),
            ("Limits:AttributeBytes", Limits.AttributeBytes, 2, 1 << 30),
            ("Limits:ContentTypeChars", Limits.ContentTypeChars, 1, 100_000), ("Limits:ProvenanceChars", Limits.ProvenanceChars, 1, 100_000),
        ];
        foreach (var (name, value, least, most) in numbers)
        {
            if (value < least || value > most)
            {
                return most >= int.MaxValue
                    ? $"Sophia:{name} is {value:N0}; it must be at least {least:N0}."
                    : $"Sophia:{name} is {value:N0}; set it between {least:N0} and {most:N0}.";
            }
        }

        return null;
    }

    private string? TimeThatCannotBe()
    {
        (string Name, TimeSpan Value, TimeSpan Most)[] times =
        [
            ("SoftTimeout", SoftTimeout, LongestWait), ("HardTimeout", HardTimeout, LongestWait), ("SharedTimeout", SharedTimeout, LongestWait),
            ("TailInterval", TailInterval, LongestWait), ("TailPatience", TailPatience, LongestWait), ("SweepInterval", SweepInterval, LongestWait),
            ("SessionTimeToLive", SessionTimeToLive, LongestKept), ("LogRetention", LogRetention ?? LongestKept, LongestKept),
        ];
        foreach (var (name, value, most) in times)
        {
            if (value <= TimeSpan.Zero || value > most)
            {
                return $"Sophia:{name} is {value}; it must be a positive time such as 00:00:01, of at most {most.TotalDays:N0} days (a bare number is days).";
            }
        }

        // Zero is taken: nothing stale is served, and a shard may go as soon as nobody searches it.
        return FailSafe < TimeSpan.Zero || FailSafe > LongestKept ? $"Sophia:FailSafe is {FailSafe}; it cannot be negative."
            : ShardIdle < TimeSpan.Zero || ShardIdle > LongestKept ? $"Sophia:ShardIdle is {ShardIdle}; it cannot be negative."
            : null;
    }
}
