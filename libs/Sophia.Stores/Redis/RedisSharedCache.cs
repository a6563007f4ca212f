using System.Globalization;
using Sophia.Memory.Caching;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using StackExchange.Redis;

namespace Sophia.Stores.Redis;

/// <summary>
/// The shared part of L1 in Redis. One key per record and epoch; a script sets or removes it only if the sequence is not
/// older than what is there, so that nodes may write in any order.
/// </summary>
public sealed partial class RedisSharedCache : ISharedCache
{
    // One script sets and removes: what differs is the value. Equal numbers are the same version, set again.
    private const string WriteIfNewer =
        "local c = redis.call('GETRANGE', KEYS[1], 0, 11) " +
        "if #c == 12 and tonumber(c, 16) > tonumber(ARGV[1], 16) then return 0 end " +
        "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1";

    /// <summary>By so much of it a time to live is shorter or longer, so that what came together does not go together.</summary>
    private const double Jitter = 0.1;
    private const int EpochAttempts = 3;
    private static readonly RedisChannel LogChannel = RedisChannel.Literal("sophia:log");

    private readonly IConnectionMultiplexer _connection;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _timeToLive;
    private readonly Random _chance;
    private readonly RedisEpoch _epoch;
    private readonly Task _subscribing;

    /// <param name="connection">Stays the caller's to dispose.</param>
    /// <param name="timeToLive">How long a record is kept that does not expire before, ±10 %; an hour by default.</param>
    /// <param name="chance">The source of the jitter.</param>
    public RedisSharedCache(IConnectionMultiplexer connection, TimeProvider clock, TimeSpan? timeToLive = null, Random? chance = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        _connection = connection;
        _clock = clock;
        _timeToLive = timeToLive ?? TimeSpan.FromHours(1);
        _chance = chance ?? Random.Shared;
        _epoch = new RedisEpoch(clock);
        connection.ConnectionFailed += OnInterrupted;
        connection.ConnectionRestored += OnInterrupted;
        _subscribing = SubscribeAsync();
    }

    public event Action? Interrupted;

    public event Action<int>? LogGrew;

    public string Engine => Primary() is { } server ? $"Redis {server.Version}" : "Redis (not connected)";

    public string? Epoch => _epoch.Last;

    public DateTimeOffset? UnreachableUntil => _epoch.Began is { } began && began + (_timeToLive * (1 + Jitter)) is var until && until > _clock.GetUtcNow() ? until : null;

    private IDatabase Database => _connection.IsConnected
        ? _connection.GetDatabase()
        : throw new CacheUnavailableException("Redis is not connected.");

    public Task SetIfNewerAsync(IReadOnlyList<MemoryRecord> records, string? epoch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(records);
        var now = _clock.GetUtcNow();
        var writes = new List<CacheWrite>(records.Count);
        foreach (var record in records)
        {
            // A record whose time is over still supersedes the one before it.
            var ms = TimeToLiveMs(record, now);
            writes.Add(ms > 0 ? new CacheWrite(record.Id, record.Sequence, CacheEntry.Of(record), ms) : CacheWrite.Removal(record.Id, record.Sequence));
        }

        return WriteAsync(writes, epoch, cancellationToken);
    }

    public Task RemoveIfOlderAsync(IReadOnlyList<(RecordId Id, Sequence Sequence)> removals, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(removals);
        var writes = new List<CacheWrite>(removals.Count);
        foreach (var (id, sequence) in removals)
        {
            writes.Add(CacheWrite.Removal(id, sequence));
        }

        return WriteAsync(writes, null, cancellationToken);
    }

    public Task StartEpochAsync(CancellationToken cancellationToken) =>
        CallAsync(db => _epoch.StartAsync(db), cancellationToken);

    public Task AnnounceAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var message = new byte[partitions.Count];
        var i = 0;
        foreach (var partition in partitions)
        {
            message[i++] = checked((byte)partition);
        }

        return CallAsync(db => db.PublishAsync(LogChannel, message), cancellationToken);
    }

    public async Task<TimeSpan> PingAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Database.PingAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            throw Unavailable(e);
        }
    }

    public async Task<(long UsedBytes, long LimitBytes)?> SizeAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (Primary() is null)
            {
                return null;
            }

            // Through a script: the client sends INFO itself only in admin mode, which nothing else here needs.
            var info = (string?)await Database.ScriptEvaluateAsync("return redis.call('INFO', 'memory')").WaitAsync(cancellationToken).ConfigureAwait(false);
            long? used = null, limit = null;
            foreach (var line in info.AsSpan().EnumerateLines())
            {
                var colon = line.IndexOf(':');
                if (colon > 0 && long.TryParse(line[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                {
                    used = line[..colon] is "used_memory" ? value : used;
                    limit = line[..colon] is "maxmemory" ? value : limit;
                }
            }

            return used is { } u ? (u, limit ?? 0) : null;
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            throw Unavailable(e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _connection.ConnectionFailed -= OnInterrupted;
        _connection.ConnectionRestored -= OnInterrupted;
        try
        {
            await _subscribing.ConfigureAwait(false);
            await _connection.GetSubscriber().UnsubscribeAsync(LogChannel, OnMessage).ConfigureAwait(false);
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            // No connection, no subscription: there is nothing left to end.
        }
    }

    /// <param name="valuesIn">The epoch that may be given values; another hears of removals only.</param>
    private async Task WriteAsync(List<CacheWrite> writes, string? valuesIn, CancellationToken cancellationToken)
    {
        if (writes.Count == 0)
        {
            return;
        }

        try
        {
            var db = Database;
            for (var attempt = 0; attempt < EpochAttempts; attempt++)
            {
                var epoch = await _epoch.LastAsync(db).AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
                var tasks = new Task[writes.Count + 1];
                for (var i = 0; i < writes.Count; i++)
                {
                    var write = epoch == valuesIn ? writes[i] : CacheWrite.Removal(writes[i].Id, writes[i].Sequence);
                    tasks[i] = db.ScriptEvaluateAsync(
                        WriteIfNewer, [KeyOf(epoch, write.Id)], [CacheEntry.Number(write.Sequence), write.Value, write.TimeToLiveMs]);
                }

                // Read last: if the epoch still is the same now, all before it went to the keys that readers use.
                var guard = RedisEpoch.ReadAsync(db);
                tasks[^1] = guard;
                await Task.WhenAll(tasks).WaitAsync(cancellationToken).ConfigureAwait(false);
                if (await _epoch.IsStillAsync(db, epoch, guard).ConfigureAwait(false))
                {
                    return;
                }
            }

            throw new CacheUnavailableException("The epoch of the cache changes faster than it can be written.");
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            throw Unavailable(e);
        }
    }

    private async Task CallAsync(Func<IDatabase, Task> call, CancellationToken cancellationToken)
    {
        try
        {
            await call(Database).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            throw Unavailable(e);
        }
    }

    private long TimeToLiveMs(MemoryRecord record, DateTimeOffset now)
    {
        var ms = _timeToLive.TotalMilliseconds * (1 - Jitter + (2 * Jitter * _chance.NextDouble()));
        return (long)(record.ExpiresAt is { } at ? Math.Min(ms, (at - now).TotalMilliseconds) : ms);
    }

    private async Task SubscribeAsync()
    {
        try
        {
            await _connection.GetSubscriber().SubscribeAsync(LogChannel, OnMessage).ConfigureAwait(false);
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            // The connection subscribes by itself once it is there; until then cursors poll.
        }
    }

    private void OnMessage(RedisChannel channel, RedisValue message)
    {
        ReadOnlyMemory<byte> partitions = message;
        foreach (var partition in partitions.Span)
        {
            if (partition < Sequence.Partitions)
            {
                LogGrew?.Invoke(partition);
            }
        }
    }

    private void OnInterrupted(object? sender, ConnectionFailedEventArgs e)
    {
        if (e.ConnectionType == ConnectionType.Interactive)
        {
            Interrupted?.Invoke();
        }
    }

    private IServer? Primary()
    {
        foreach (var server in _connection.GetServers())
        {
            if (server is { IsConnected: true, IsReplica: false })
            {
                return server;
            }
        }

        return null;
    }

    private static RedisKey KeyOf(string epoch, RecordId id) => $"sophia:{epoch}:r:{id}";

    private static bool IsUnavailable(Exception e) => e is RedisException or TimeoutException or ObjectDisposedException;

    private static CacheUnavailableException Unavailable(Exception e) => new($"Redis does not answer now: {e.Message}", e);
}
