using Sophia.Memory.Hierarchy;

namespace Sophia.Memory.Search;

/// <summary>A shard does not fit into the memory that shards may take; it is not tried again before the delay.</summary>
public sealed class NoRoomException(string message, string suggestion, TimeSpan retryAfter) : RefusedException("shard-no-room", message, suggestion)
{
    public TimeSpan RetryAfter { get; } = retryAfter;

    /// <summary>What it took in this process when it was given up; all of it takes more.</summary>
    public long Bytes { get; init; }
}
