using Sophia.Memory.Log;
using Sophia.Memory.Records;
using StackExchange.Redis;

namespace Sophia.Stores.Redis;

/// <summary>What is set under a record's key unless something newer is there: a value, or the mark of its removal.</summary>
internal readonly record struct CacheWrite(RecordId Id, Sequence Sequence, RedisValue Value, long TimeToLiveMs)
{
    private const long RemovalMs = 60_000;

    public static CacheWrite Removal(RecordId id, Sequence sequence) => new(id, sequence, CacheEntry.Removal(sequence), RemovalMs);
}
