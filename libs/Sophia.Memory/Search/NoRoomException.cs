using Sophia.Memory.Hierarchy;

namespace Sophia.Memory.Search;

/// <summary>A shard does not fit into the memory that shards may take in this process.</summary>
/// <param name="bytes">What it took when it was given up; all of it takes more.</param>
internal sealed class NoRoomException(long bytes, string message) : RefusedException("shard-no-room", message, "Search it where shards may take more memory.")
{
    public long Bytes => bytes;
}
