using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Search;

/// <summary>What shards may take in memory, and what becomes of those for which there is no room.</summary>
internal sealed partial class ShardDirectory
{
    /// <summary>For so long a shard for which there was no room is refused without being tried again.</summary>
    public static readonly TimeSpan NoRoomPatience = TimeSpan.FromSeconds(10);

    /// <summary>The same for one that takes by itself all that there may be, while nothing is written to its partition: it fits no better.</summary>
    private static readonly TimeSpan TooLargePatience = TimeSpan.FromMinutes(5);

    /// <summary>A shard of so many bytes is loaded where others take a little too much: it is not what has to go.</summary>
    private const long Small = 16 << 20;
    private const int SmallShare = 16;

    private readonly ConcurrentQueue<LoadedShard> _displaced = new();
    private readonly ConcurrentDictionary<ShardKey, (NoRoomException Error, long At, long Seen)> _refused = new();

    public long SizeInMemory => InMemory.Sum(static shard => shard.Shard.SizeInMemory);

    /// <summary>Bytes that shards may still take, which is also what a renewal has, that gives way; negative when they have grown beyond what they may.</summary>
    public long Room => mostBytes - LoadedBytes;

    private long LoadedBytes => Loaded.Sum(static shard => shard.Shard.SizeInMemory);

    /// <summary>
    /// Why there is no room for the shard, for a while after it has shown; null where it may be loaded. What it took goes at once, and the next
    /// who asks does not have it loaded as far again in vain, also where nobody waited for it.
    /// </summary>
    public async ValueTask<NoRoomException?> RefusedAsync(NamespaceInfo ns, int number = 0)
    {
        if (Find(ns, number) is { NoRoom: not null } shard)
        {
            await DropAsync(shard, EvictionReason.Cold).ConfigureAwait(false);
        }

        var key = ShardKey.Of(ns, number);
        if (!_refused.TryGetValue(key, out var refused))
        {
            return null;
        }

        var isAsLarge = refused.Error.Bytes >= mostBytes && tail.Seen[ns.Partition] == refused.Seen;
        var left = (isAsLarge ? TooLargePatience : NoRoomPatience) - clock.GetElapsedTime(refused.At);
        if (left > TimeSpan.Zero)
        {
            return new NoRoomException(refused.Error.Message, refused.Error.Suggestion, left) { Bytes = refused.Error.Bytes };
        }

        _refused.TryRemove(key, out _);
        return null;
    }

    /// <summary>
    /// While shards take more than they may: ends a renewal, then drops those that nobody has asked for of late, the longest unused first.
    /// </summary>
    /// <returns>The room that there is then; negative where it is still too little.</returns>
    public async Task<long> DropBeyondRoomAsync(LoadedShard? loading = null)
    {
        if (_renewal is { } renewal && Room < renewal.New.Shard.SizeInMemory)
        {
            await EndAsync(renewal).ConfigureAwait(false);
        }

        // Counted down from one sum over all shards: a sum for each that is dropped would be as many as there are shards, squared.
        var room = Room;
        if (room >= 0)
        {
            return room;
        }

        foreach (var shard in Loaded.OrderByDescending(static s => s.Idle))
        {
            if (shard != loading && shard.Idle >= options.ShardIdle && !shard.IsSearching && shard.Ready.IsCompleted)
            {
                room += shard.Shard.SizeInMemory;
                await DropAsync(shard, EvictionReason.Cold).ConfigureAwait(false);
                if (map is not null)
                {
                    _displaced.Enqueue(shard);
                }

                if (room >= 0)
                {
                    break;
                }
            }
        }

        return room;
    }

    /// <summary>Takes one of a node's shards that were dropped for want of room; each is given once.</summary>
    public bool TryTakeDisplaced([NotNullWhen(true)] out LoadedShard? shard) => _displaced.TryDequeue(out shard);

    // One that does not fit ends with an error instead of with the process's memory.
    private async ValueTask MakeRoomAsync(LoadedShard loading)
    {
        long bytes;
        lock (_opening)
        {
            // One whose loading has begun is in the directory, and counted, when the lock is free.
            bytes = loading.Shard.SizeInMemory;
        }

        var room = bytes < mostBytes ? await DropBeyondRoomAsync(loading).ConfigureAwait(false) : Room;
        var isSmall = bytes <= Math.Min(Small, mostBytes / SmallShare) && -room < mostBytes / SmallShare;
        if (room < 0 && !isSmall)
        {
            throw new NoRoomException(
                $"It takes more than {bytes >> 20:N0} MiB; of the {mostBytes >> 20:N0} MiB that shards may take here, others in use take {(mostBytes - room - bytes) >> 20:N0}.",
                "Search it where shards may take more memory.", NoRoomPatience)
            {
                Bytes = bytes,
            };
        }
    }
}
