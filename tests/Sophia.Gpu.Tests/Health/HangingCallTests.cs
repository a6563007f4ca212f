using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Tests.Health;

/// <summary>A call to a device, of a search or a model, that does not end.</summary>
public sealed class HangingCallTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly TickedClock _clock = new();
    private readonly FailingDevice _failing = new();
    private readonly GpuNode _node;
    private readonly DeviceWatch _watch;
    private readonly ManualResetEventSlim _mayGoOn = new();

    public HangingCallTests()
    {
        _node = GpuNode.Open(new PoolOptions { Node = "n", HostBytes = 1 << 26 }, [_failing], _clock);
        _watch = new DeviceWatch(_node, _clock, NullLogger.Instance);
    }

    public void Dispose()
    {
        _mayGoOn.Set();
        _watch.Dispose();
        _node.Dispose();
    }

    private PooledDevice Device => _node.Devices[0];

    [Fact]
    public async Task Who_waits_for_it_leaves_after_a_second_and_who_comes_then_at_once()
    {
        var calling = Hang(Device.Models);
        Assert.False(calling.IsCompleted);
        Tick(DeviceThread.Patience);

        Assert.False(await calling.WaitAsync(Soon));
        Assert.False(await Task.Run(() => Device.Models.TryCall(static () => Assert.Fail("It was called."))).WaitAsync(Soon));
        Assert.True(Device.Searches.TryCall(static () => { }));
    }

    [Fact]
    public void One_that_comes_further_is_not_late()
    {
        _ = Hang(Device.Models);
        for (var second = 0; second < 5; second++)
        {
            Device.Models.Progressed();
            Assert.False(Device.Models.IsLate);
            _clock.Tick();
        }

        Assert.True(Device.Models.IsLate);
    }

    [Fact]
    public void What_a_call_throws_is_thrown_where_it_is_waited_for()
    {
        Assert.Throws<DeviceFailedException>(() => Device.Models.TryCall(static () => throw new DeviceFailedException("CUDA error 700")));
        Assert.True(Device.Models.TryCall(static () => { }));
    }

    [Fact]
    public void The_device_is_left_out_after_half_a_minute_and_no_check_is_made_that_could_prove_nothing_until_it_ends()
    {
        _ = Hang(Device.Searches);
        Tick(DeviceWatch.LongestStep - TimeSpan.FromSeconds(1));
        Assert.True(Device.Gate.IsOpen);
        _clock.Tick();
        Assert.Equal("A call to it has not ended for 30 s.", Device.Gate.Failure);

        var checks = _failing.Checks;
        Tick(2 * DeviceWatch.Interval);
        Assert.Equal(checks, _failing.Checks);
        Assert.False(Device.Gate.IsOpen);

        _mayGoOn.Set();
        Assert.True(SpinWait.SpinUntil(() => Device.StandsStill == TimeSpan.Zero, Soon));
        Tick(TimeSpan.FromSeconds(2));
        Assert.True(Device.Gate.IsOpen);
    }

    [Fact]
    public void After_five_minutes_it_is_lost_and_the_node_ends_without_it()
    {
        _ = Hang(Device.Searches);
        Tick(DeviceWatch.Patience - TimeSpan.FromSeconds(1));
        Assert.False(Device.Gate.IsLost);
        _clock.Tick();
        Assert.True(Device.Gate.IsLost);
        Assert.Equal("n/host: A call to it has not ended for 5 minutes. This process cannot use the device any more: start it again.", _watch.Failure);

        var began = Stopwatch.GetTimestamp();
        _node.Dispose();
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 12);
    }

    /// <summary>Returns when the call hangs.</summary>
    private Task<bool> Hang(DeviceThread thread)
    {
        var hangs = false;
        var calling = Task.Run(() => thread.TryCall(() =>
        {
            Volatile.Write(ref hangs, true);
            _mayGoOn.Wait();
        }));
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref hangs), Soon));
        return calling;
    }

    private void Tick(TimeSpan time)
    {
        for (var second = 1; second <= time.TotalSeconds; second++)
        {
            _clock.Tick();
        }
    }
}
