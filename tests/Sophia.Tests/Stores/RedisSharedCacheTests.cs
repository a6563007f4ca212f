using Microsoft.Extensions.Time.Testing;
using Sophia.Memory.Caching;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Stores.Redis;
using Sophia.Tests.Infrastructure;
using StackExchange.Redis;

namespace Sophia.Tests.Stores;

public sealed class RedisSharedCacheTests : IAsyncLifetime
{
    private static readonly RecordId Id = new(42);
    private readonly FakeTimeProvider _clock = StoreUnderTest.NewClock();
    private readonly List<IConnectionMultiplexer> _connections = [];
    private RedisServer? _server;

    private RedisServer Server
    {
        get
        {
            Skip.If(RedisServer.Missing is not null, RedisServer.Missing);
            return _server ??= RedisServer.StartNew();
        }
    }

    [SkippableFact]
    public async Task The_newest_sequence_wins_in_whatever_order_they_come()
    {
        await using var cache = await ConnectAsync();
        await cache.SetIfNewerAsync([Record(2)], cache.Epoch, default);
        await cache.SetIfNewerAsync([Record(1)], cache.Epoch, default);
        Records.AssertSame(Record(2), await cache.GetAsync(Id, default));
        await cache.SetIfNewerAsync([Record(1L << 47), Record(3)], cache.Epoch, default);
        Assert.Equal(1L << 47, (await cache.GetAsync(Id, default))!.Sequence.Number);
        Assert.Null(await cache.GetAsync(new RecordId(43), default));
    }

    [SkippableFact]
    public async Task A_removal_refuses_what_is_older_and_yields_to_what_is_newer()
    {
        await using var cache = await ConnectAsync();
        await cache.SetIfNewerAsync([Record(5)], cache.Epoch, default);
        await cache.RemoveIfOlderAsync([(Id, Sequence.Of(63, 4))], default);
        Assert.NotNull(await cache.GetAsync(Id, default));
        await cache.RemoveIfOlderAsync([(Id, Sequence.Of(63, 6))], default);
        Assert.Null(await cache.GetAsync(Id, default));
        await cache.SetIfNewerAsync([Record(5)], cache.Epoch, default);
        Assert.Null(await cache.GetAsync(Id, default));
        await cache.SetIfNewerAsync([Record(7)], cache.Epoch, default);
        Assert.NotNull(await cache.GetAsync(Id, default));
    }

    [SkippableFact]
    public async Task It_says_of_how_many_records_together_it_has_a_value_of_the_present_epoch()
    {
        await using var cache = await ConnectAsync();
        RecordId[] ids = [.. Enumerable.Range(0, 1_000).Select(i => new RecordId((UInt128)i))];
        await cache.SetIfNewerAsync([.. ids[..600].Select(id => Record(5) with { Id = id })], cache.Epoch, default);
        await cache.RemoveIfOlderAsync([.. ids[500..700].Select(id => (id, Sequence.Of(63, 6)))], default);

        Assert.Equal(500, await cache.CountAsync(ids, default));
        Assert.Equal(0, await cache.CountAsync([], default));
        await cache.StartEpochAsync(default);
        Assert.Equal(0, await cache.CountAsync(ids, default));
    }

    [SkippableFact]
    public async Task A_record_is_kept_no_longer_than_its_expiry_and_others_about_the_time_to_live()
    {
        await using var cache = await ConnectAsync();
        var other = new RecordId(7);
        await cache.SetIfNewerAsync([Record(1) with { ExpiresAt = _clock.GetUtcNow().AddSeconds(100) }, Record(1) with { Id = other }], cache.Epoch, default);
        var db = _connections[0].GetDatabase();
        var epoch = await db.StringGetAsync("sophia:epoch");
        Assert.InRange((await db.KeyTimeToLiveAsync($"sophia:{epoch}:r:{Id}"))!.Value.TotalSeconds, 90, 100);
        Assert.InRange((await db.KeyTimeToLiveAsync($"sophia:{epoch}:r:{other}"))!.Value.TotalMinutes, 53.9, 66);
        _clock.Advance(TimeSpan.FromSeconds(100));
        Assert.Null(await cache.GetAsync(Id, default));
        Assert.NotNull(await cache.GetAsync(other, default));
        await cache.SetIfNewerAsync([Record(2) with { Id = other, ExpiresAt = _clock.GetUtcNow() }], cache.Epoch, default);
        Assert.Null(await cache.GetAsync(other, default));
    }

    [SkippableFact]
    public async Task A_new_epoch_hides_everything_from_every_node_at_once()
    {
        await using var one = await ConnectAsync();
        await using var two = await ConnectAsync();
        await one.SetIfNewerAsync([Record(5)], one.Epoch, default);
        Assert.NotNull(await two.GetAsync(Id, default));
        await one.StartEpochAsync(default);
        Assert.Null(await two.GetAsync(Id, default));
        Assert.Null(await one.GetAsync(Id, default));
        await one.SetIfNewerAsync([Record(4)], one.Epoch, default);
        await one.StartEpochAsync(default);
        await one.SetIfNewerAsync([Record(6)], one.Epoch, default);
        await two.RemoveIfOlderAsync([(Id, Sequence.Of(63, 7))], default);
        Assert.Null(await one.GetAsync(Id, default));
    }

    [SkippableFact]
    public async Task A_value_from_before_an_epoch_that_another_node_began_does_not_come_into_it()
    {
        await using var one = await ConnectAsync();
        await using var two = await ConnectAsync();
        var before = one.Epoch;
        await two.StartEpochAsync(default);

        await one.SetIfNewerAsync([Record(5)], before, default);
        Assert.Null(await one.GetAsync(Id, default));
        await one.SetIfNewerAsync([Record(4)], one.Epoch, default);
        Assert.Null(await one.GetAsync(Id, default));
        await one.SetIfNewerAsync([Record(6)], one.Epoch, default);
        Assert.Equal(6, (await two.GetAsync(Id, default))!.Sequence.Number);
    }

    [SkippableFact]
    public async Task Losing_the_epoch_key_brings_no_old_epoch_back()
    {
        await using var cache = await ConnectAsync();
        await cache.SetIfNewerAsync([Record(5)], cache.Epoch, default);
        await cache.StartEpochAsync(default);
        await cache.SetIfNewerAsync([Record(6)], cache.Epoch, default);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await _connections[0].GetDatabase().KeyDeleteAsync("sophia:epoch");
        Assert.Null(await cache.GetAsync(Id, default));
    }

    [SkippableFact]
    public async Task Bytes_that_are_no_record_are_a_miss()
    {
        await using var cache = await ConnectAsync();
        await cache.SetIfNewerAsync([Record(5)], cache.Epoch, default);
        var db = _connections[0].GetDatabase();
        await db.StringSetAsync($"sophia:{await db.StringGetAsync("sophia:epoch")}:r:{Id}", "000000000001rgarbage");
        Assert.Null(await cache.GetAsync(Id, default));
    }

    [SkippableFact]
    public async Task An_announcement_wakes_the_other_nodes()
    {
        await using var one = await ConnectAsync();
        await using var two = await ConnectAsync();
        var heard = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        two.LogGrew += partition => heard.TrySetResult(partition);
        while (!heard.Task.IsCompleted)
        {
            await one.AnnounceAsync([63], default); // again until the subscription is there
            await Task.WhenAny(heard.Task, Task.Delay(50));
        }

        Assert.Equal(63, await heard.Task);
    }

    [SkippableFact]
    public async Task A_stopped_redis_is_announced_and_unavailable_and_a_started_one_is_announced()
    {
        await using var cache = await ConnectAsync();
        var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var restored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cache.Interrupted += () => (_connections[0].IsConnected ? restored : lost).TrySetResult();
        await cache.SetIfNewerAsync([Record(1)], cache.Epoch, default);
        Server.Stop();
        await Assert.ThrowsAsync<CacheUnavailableException>(() => cache.GetAsync(Id, default).AsTask());
        await Assert.ThrowsAsync<CacheUnavailableException>(() => cache.SetIfNewerAsync([Record(1)], cache.Epoch, default));
        await Assert.ThrowsAsync<CacheUnavailableException>(() => cache.PingAsync(default));
        await lost.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Server.Start();
        await restored.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await cache.StartEpochAsync(default);
        Assert.Null(await cache.GetAsync(Id, default));
        await cache.SetIfNewerAsync([Record(1)], cache.Epoch, default);
        Assert.NotNull(await cache.GetAsync(Id, default));
    }

    [SkippableFact]
    public async Task It_says_its_engine_size_and_round_trip()
    {
        await using var cache = await ConnectAsync();
        Assert.StartsWith("Redis ", cache.Engine, StringComparison.Ordinal);
        Assert.True((await cache.SizeAsync(default))!.Value.UsedBytes > 0);
        Assert.True(await cache.PingAsync(default) > TimeSpan.Zero);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        _server?.Dispose();
    }

    private static MemoryRecord Record(long number) => new()
    {
        NamespaceId = 1,
        Key = "k",
        Id = Id,
        Content = new byte[] { 1, 2, 3 },
        ContentType = "text/plain",
        Version = 1,
        Sequence = Sequence.Of(63, number),
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };

    [SkippableFact]
    public async Task What_may_lie_there_of_earlier_epochs_is_told_until_the_last_of_it_has_expired()
    {
        await using var cache = await ConnectAsync();
        _clock.Advance(TimeSpan.FromMinutes(1));
        await cache.StartEpochAsync(default);

        Assert.Equal(_clock.GetUtcNow() + TimeSpan.FromMinutes(66), cache.UnreachableUntil);
        _clock.Advance(TimeSpan.FromMinutes(66));
        Assert.Null(cache.UnreachableUntil);
    }

    private async Task<RedisSharedCache> ConnectAsync()
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(Server.ConnectionString + ",asyncTimeout=30000");
        _connections.Add(connection);
        var cache = new RedisSharedCache(connection, _clock);

        // As a process that starts: from here on it knows an epoch.
        await cache.GetAsync(Id, default);
        return cache;
    }
}
