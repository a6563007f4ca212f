using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Memory;
using Sophia.Memory.Caching;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Caching;

public sealed class SharedTierTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly ScriptedCache _cache = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly SharedTier _tier;

    public SharedTierTests() => _tier = new SharedTier(_cache, new MemoryOptions(), _clock, NullLogger.Instance);

    public Task InitializeAsync() => _tier.StartAsync();

    Task IAsyncLifetime.DisposeAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync() => _tier.DisposeAsync();

    private static MemoryRecord Record(long number) => new()
    {
        NamespaceId = 1, Key = "k", Id = new RecordId(1), Content = new byte[10], ContentType = "text/plain", Sequence = Sequence.Of(0, number),
    };

    private async Task UntilAsync(bool usable)
    {
        for (var i = 0; i < 15_000 && _tier.IsUsable != usable; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Delay(2);
        }

        Assert.Equal(usable, _tier.IsUsable);
    }

    [Fact]
    public async Task A_process_starts_with_an_epoch_of_its_own()
    {
        Assert.True(_tier.IsUsable);
        Assert.Equal(2, _cache.Epoch);
        Assert.True(await _tier.SetIfNewerAsync([Record(1)], _tier.Epoch));
        Assert.NotNull(await _tier.GetAsync(new RecordId(1)));
    }

    [Fact]
    public async Task A_change_that_was_missed_starts_an_epoch_before_the_cache_is_read_again()
    {
        await _tier.SetIfNewerAsync([Record(1)], _tier.Epoch);
        _cache.IsDown = true;

        Assert.False(await _tier.SetIfNewerAsync([Record(2)], _tier.Epoch));
        Assert.False(_tier.IsUsable);
        Assert.Null(await _tier.GetAsync(new RecordId(1)));
        _cache.IsDown = false;
        await UntilAsync(usable: true);

        Assert.Equal(3, _cache.Epoch);
        Assert.Null(await _tier.GetAsync(new RecordId(1)));
    }

    [Fact]
    public async Task A_connection_that_was_lost_and_is_back_starts_an_epoch_since_the_server_may_have_lost_changes()
    {
        await _tier.SetIfNewerAsync([Record(1)], _tier.Epoch);

        _cache.Interrupt();
        for (var i = 0; i < 500 && _cache.Epoch == 2; i++)
        {
            await Task.Delay(5);
        }

        await UntilAsync(usable: true);
        Assert.Equal(3, _cache.Epoch);
    }

    [Fact]
    public async Task Reads_that_fail_leave_it_out_without_an_epoch_since_no_change_was_missed()
    {
        await _tier.SetIfNewerAsync([Record(1)], _tier.Epoch);
        _cache.ReadsFail = true;
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(await _tier.GetAsync(new RecordId(1)));
        }

        _cache.ReadsFail = false;
        await UntilAsync(usable: true);

        Assert.Equal(2, _cache.Epoch);
        Assert.NotNull(await _tier.GetAsync(new RecordId(1)));
    }

    [Fact]
    public async Task A_change_while_it_is_left_out_counts_as_missed()
    {
        _cache.IsDown = true;
        for (var i = 0; i < 3; i++)
        {
            await _tier.GetAsync(new RecordId(1));
        }

        Assert.False(await _tier.RemoveIfOlderAsync([(new RecordId(1), Sequence.Of(0, 2))]));
        _cache.IsDown = false;
        await UntilAsync(usable: true);

        Assert.Equal(3, _cache.Epoch);
    }

    [Fact]
    public async Task A_change_that_comes_while_it_is_asked_again_wants_an_epoch_before_anybody_reads()
    {
        await _tier.SetIfNewerAsync([Record(1)], _tier.Epoch);
        var gate = new TaskCompletionSource();
        (_cache.ReadsFail, _cache.PingGate) = (true, gate.Task);
        for (var i = 0; i < 3; i++)
        {
            await _tier.GetAsync(new RecordId(1));
        }

        for (var i = 0; i < 3_000 && _cache.Pings == 0; i++)
        {
            await Task.Delay(10);
        }

        Assert.False(await _tier.RemoveIfOlderAsync([(new RecordId(1), Sequence.Of(0, 2))]));
        _cache.ReadsFail = false;
        gate.SetResult();
        await UntilAsync(usable: true);

        Assert.Equal(3, _cache.Epoch);
        Assert.Null(await _tier.GetAsync(new RecordId(1)));
    }

    [Fact]
    public async Task A_change_that_takes_too_long_is_missed_and_its_writer_goes_on()
    {
        _cache.RemoveGate = new TaskCompletionSource().Task;
        var removing = _tier.RemoveIfOlderAsync([(new RecordId(1), Sequence.Of(0, 2))]).AsTask();
        Assert.False(removing.IsCompleted);

        _clock.Advance(TimeSpan.FromMilliseconds(60));

        Assert.False(await removing.WaitAsync(TimeSpan.FromSeconds(10)));
        await UntilAsync(usable: true);
        Assert.Equal(3, _cache.Epoch);
    }
}
