using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>A device of which a call does not return: nobody may wait for it.</summary>
public sealed class HangingDeviceTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("begin")]
    [InlineData("scan")]
    [InlineData("stream")]
    [InlineData("finish")]
    public async Task The_host_answers_a_search_whose_pass_shows_no_progress_for_a_second_and_those_after_it_at_once(string place)
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 20, 64);
        using var full = new Filled(device, 600, 100);
        Assert.True(full.Search());
        var searching = Hang(faulty, place, () => full.Search());
        try
        {
            Assert.False(searching.IsCompleted);
            device.Clock.Advance(DeviceThread.Patience);

            Assert.False(await searching.WaitAsync(Soon));
            Assert.False(full.Search());
            Assert.Equal(0, full.Waiting);
            Assert.True(device.Scans.Gate.IsOpen);
        }
        finally
        {
            faulty.MayGoOn.Set();
        }

        faulty.HangsAt = null;
        device.Settle();
        Assert.True(full.Search());
        Assert.Equal(0, device.Pools[(int)PoolKind.VectorCache].Report().PinnedPages);
        Assert.Equal(0, device.Pools[(int)PoolKind.Buffer].Report().UsedPages);
    }

    [Fact]
    public async Task A_search_of_another_shard_that_waits_behind_it_leaves_likewise()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        using var one = new Filled(device, 300, 100);
        using var other = new Filled(device, 300, 100);
        Assert.True(other.Search());
        var first = Hang(faulty, "scan", () => one.Search());
        try
        {
            var second = Task.Run(() => other.Search());
            Assert.True(SpinWait.SpinUntil(() => other.Waiting == 1, Soon));
            device.Clock.Advance(DeviceThread.Patience);

            Assert.DoesNotContain(true, await Task.WhenAll(first, second).WaitAsync(Soon));
            Assert.Equal(0, other.Waiting);
        }
        finally
        {
            faulty.MayGoOn.Set();
        }
    }

    [Fact]
    public async Task A_search_whose_time_is_over_leaves_before_that()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 20, 64);
        using var full = new Filled(device, 600, 100);
        using var time = new CancellationTokenSource();
        var searching = Hang(faulty, "scan", () => full.Search(time.Token));
        try
        {
            await time.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => searching.WaitAsync(Soon));
        }
        finally
        {
            faulty.MayGoOn.Set();
        }
    }

    [Fact]
    public async Task Of_two_devices_the_one_that_is_well_takes_the_units_over_once_the_other_is_left_out()
    {
        var faulty = new FaultyDevice();
        using var one = new SmallDevice(faulty, 1000, 64);
        using var other = new SmallDevice(new FaultyDevice(), 1000, 64);
        using var full = new Filled([one, other], 1_500, 100);
        Assert.True(full.Search());
        var searching = Hang(faulty, "scan", () => full.Search());
        try
        {
            one.Clock.Advance(DeviceThread.Patience);
            Assert.False(await searching.WaitAsync(Soon));
            Assert.False(full.Search());

            one.Scans.Gate.Close("A call to it has not ended for 30 s.");
            Assert.True(full.Search());
        }
        finally
        {
            faulty.MayGoOn.Set();
        }
    }

    [Fact]
    public async Task A_shard_can_go_meanwhile_and_what_the_device_reads_of_it_stays_until_it_does_not()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        var full = new Filled(device, 300, 100);
        Assert.True(full.Search());
        var searching = Hang(faulty, "scan", () => full.Search());
        try
        {
            device.Clock.Advance(DeviceThread.Patience);
            Assert.False(await searching.WaitAsync(Soon));

            await Task.Run(full.Dispose).WaitAsync(Soon);

            Assert.True(full.HasRows);
        }
        finally
        {
            faulty.MayGoOn.Set();
        }

        device.Settle();
        Assert.False(full.HasRows);
        Assert.Equal(0, device.Pools[(int)PoolKind.VectorCache].Report().UsedPages);
    }

    [Fact]
    public async Task What_was_taken_away_meanwhile_is_told_to_stand_there_until_it_does_not()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        using var full = new Filled(device, 300, 100);
        Assert.True(full.Search());
        var searching = Hang(faulty, "scan", () => full.Search());
        full.Replace(7);
        try
        {
            var overwriting = device.Scans.OverwriteAsync(TimeSpan.FromMinutes(1), default);
            Assert.False(overwriting.IsCompleted);
            device.Clock.Advance(DeviceThread.Patience);

            Assert.Equal(
                "What was taken away may stand on the device n/0 until it is well again or the process ends. It was not overwritten in time.", await overwriting.WaitAsync(Soon));
            Assert.False(await searching.WaitAsync(Soon));
        }
        finally
        {
            faulty.MayGoOn.Set();
        }

        faulty.HangsAt = null;
        device.Settle();
        Assert.Null(await device.Scans.OverwriteAsync(TimeSpan.FromMinutes(1), default).WaitAsync(Soon));
        Assert.True(full.Search());
    }

    [Fact]
    public async Task Pages_of_a_shard_that_went_are_told_to_stand_there_while_the_device_does_not_take_them_back()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        var full = new Filled(device, 300, 100);
        Assert.True(full.Search());
        faulty.HangsAt = "discard";
        full.Dispose();
        Assert.True(SpinWait.SpinUntil(() => faulty.IsHanging, Soon));
        try
        {
            Assert.NotNull(await device.Scans.OverwriteAsync(TimeSpan.Zero, default).WaitAsync(Soon));
        }
        finally
        {
            faulty.MayGoOn.Set();
        }

        device.Settle();
        Assert.Null(await device.Scans.OverwriteAsync(TimeSpan.FromMinutes(1), default).WaitAsync(Soon));
    }

    [Fact]
    public async Task A_pool_whose_pages_the_device_does_not_take_back_tells_what_it_was()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        var full = new Filled(device, 300, 100);
        Assert.True(full.Search());
        var pool = device.Pools[(int)PoolKind.VectorCache];
        var used = pool.Report().UsedPages;
        faulty.HangsAt = "discard";
        full.Dispose();
        Assert.True(SpinWait.SpinUntil(() => faulty.IsHanging, Soon));
        try
        {
            Assert.Equal(used, (await Task.Run(pool.Report).WaitAsync(Soon)).UsedPages);
        }
        finally
        {
            faulty.MayGoOn.Set();
        }

        device.Settle();
        Assert.Equal(0, pool.Report().UsedPages);
    }

    /// <summary>Returns when the device hangs in what is called.</summary>
    private static Task<T> Hang<T>(FaultyDevice device, string place, Func<T> call)
    {
        device.HangsAt = place;
        var calling = Task.Run(call);
        Assert.True(SpinWait.SpinUntil(() => device.IsHanging, Soon));
        return calling;
    }
}
