using Sophia.Memory.Records;
using StackExchange.Redis;

namespace Sophia.Stores.Redis;

public sealed partial class RedisSharedCache
{
    public async ValueTask<MemoryRecord?> GetAsync(RecordId id, CancellationToken cancellationToken)
    {
        if (await ReadAsync([id], static (db, key) => db.StringGetAsync(key, CommandFlags.DemandMaster), cancellationToken).ConfigureAwait(false) is not [var value])
        {
            return null; // epochs change faster than it can be read: nothing here can be trusted
        }

        ReadOnlyMemory<byte> bytes = value;
        return CacheEntry.Record(bytes.Span) is { } record && record.Id == id && !record.IsExpired(_clock.GetUtcNow()) ? record : null;
    }

    public async Task<int> CountAsync(IReadOnlyCollection<RecordId> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var headers = await ReadAsync(
            [.. ids], static (db, key) => db.StringGetRangeAsync(key, 0, CacheEntry.HeaderSize - 1, CommandFlags.DemandMaster), cancellationToken).ConfigureAwait(false);
        return headers?.Count(static header => CacheEntry.IsRecord(((ReadOnlyMemory<byte>)header).Span)) ?? 0;
    }

    /// <summary>What lies under each record's key of the present epoch; null when that changes faster than it can be read.</summary>
    private async Task<RedisValue[]?> ReadAsync(RecordId[] ids, Func<IDatabase, RedisKey, Task<RedisValue>> read, CancellationToken cancellationToken)
    {
        try
        {
            var db = Database;
            for (var attempt = 0; attempt < EpochAttempts; attempt++)
            {
                var epoch = await _epoch.LastAsync(db).AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
                var guard = RedisEpoch.ReadAsync(db);
                var reading = Task.WhenAll(Array.ConvertAll(ids, id => read(db, KeyOf(epoch, id))));
                await Task.WhenAll(guard, reading).WaitAsync(cancellationToken).ConfigureAwait(false);
                if (await _epoch.IsStillAsync(db, epoch, guard).ConfigureAwait(false))
                {
                    return await reading.ConfigureAwait(false);
                }
            }

            return null;
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            throw Unavailable(e);
        }
    }
}
