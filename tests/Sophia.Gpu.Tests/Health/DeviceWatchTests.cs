using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Tests.Health;

public sealed class DeviceWatchTests
{
    [Fact]
    public void A_device_that_stops_computing_is_unhealthy_within_a_minute_and_healthy_when_it_computes_again()
    {
        var clock = new FakeTimeProvider();
        var device = new FailingDevice();
        using var node = GpuNode.Open(new PoolOptions { Node = "n", HostBytes = 1 << 26 }, [device], clock);
        using var watch = new DeviceWatch(node, clock, NullLogger.Instance);
        Assert.Null(watch.Failure);

        device.Failure = "CUDA error 802";
        Assert.Null(watch.Failure);
        clock.Advance(DeviceWatch.Interval);
        Assert.Equal("n/host: CUDA error 802", watch.Failure);
        Assert.Equal(clock.GetUtcNow(), watch["n/host"].At);

        // What closed it was told by a check; so is that it computes again, when it is used again.
        device.Failure = null;
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(node.Devices[0].Gate.IsOpen);
        Assert.Null(watch.Failure);
        Assert.Equal(clock.GetUtcNow(), watch["n/host"].At);
    }

    [Fact]
    public async Task A_device_whose_first_check_hangs_keeps_the_process_from_nothing_and_is_used_once_it_ends()
    {
        var clock = new FakeTimeProvider();
        using var hanging = new ManualResetEventSlim();
        var device = new FailingDevice { Hanging = hanging };
        using var node = GpuNode.Open(new PoolOptions { Node = "n", HostBytes = 1 << 26 }, [device], clock);
        using var watch = new DeviceWatch(node, clock, NullLogger.Instance, TimeSpan.FromMilliseconds(50));
        Assert.StartsWith("n/host: Its first check has not ended", watch.Failure, StringComparison.Ordinal);
        Assert.False(node.Devices[0].Gate.IsOpen);

        device.Hanging = null;
        hanging.Set();

        for (var i = 0; i < 100 && !node.Devices[0].Gate.IsOpen; i++)
        {
            await Task.Delay(20);
            clock.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.True(node.Devices[0].Gate.IsOpen);
        Assert.Null(watch.Failure);
    }

    [Fact]
    public void A_device_that_is_left_out_is_tried_again_though_nobody_asks_for_it()
    {
        var clock = new FakeTimeProvider();
        var device = new FailingDevice();
        using var node = GpuNode.Open(new PoolOptions { Node = "n", HostBytes = 1 << 26 }, [device], clock);
        using var watch = new DeviceWatch(node, clock, NullLogger.Instance);
        device.Failure = "CUDA error 700";
        node.Devices[0].Gate.Close("CUDA error 700");

        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull(node.Devices[0].Gate.Failure);
        device.Failure = null;
        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Null(node.Devices[0].Gate.Failure);
    }

    [Fact]
    public void A_device_that_this_process_has_lost_is_left_out_for_good_and_checked_no_more()
    {
        var clock = new FakeTimeProvider();
        var device = new FailingDevice();
        using var node = GpuNode.Open(new PoolOptions { Node = "n", HostBytes = 1 << 26 }, [device], clock);
        using var watch = new DeviceWatch(node, clock, NullLogger.Instance);
        var gate = node.Devices[0].Gate;
        (device.Failure, device.IsLost) = ("an illegal memory access was encountered.", true);
        gate.Close("an illegal memory access was encountered");
        Assert.False(gate.IsLost);

        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(gate.IsLost);
        Assert.Equal("an illegal memory access was encountered. This process cannot use the device any more: start it again.", gate.Failure);

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal($"n/host: {gate.Failure}", watch.Failure);

        // It says that it is well, and nobody asks.
        var checks = device.Checks;
        (device.Failure, device.IsLost) = (null, false);
        clock.Advance(2 * DeviceWatch.Interval);
        Assert.False(gate.Retry());
        Assert.False(gate.IsOpen);
        Assert.Equal(checks, device.Checks);
    }

    [Fact]
    public void A_device_that_is_lost_in_the_check_of_a_minute_is_unhealthy_and_says_what_to_do()
    {
        var clock = new FakeTimeProvider();
        var device = new FailingDevice();
        using var node = GpuNode.Open(new PoolOptions { Node = "n", HostBytes = 1 << 26 }, [device], clock);
        using var watch = new DeviceWatch(node, clock, NullLogger.Instance);

        (device.Failure, device.IsLost) = ("unspecified launch failure.", true);
        clock.Advance(DeviceWatch.Interval);

        Assert.Equal("n/host: unspecified launch failure. This process cannot use the device any more: start it again.", watch.Failure);
        Assert.True(node.Devices[0].Gate.IsLost);
    }

    [Fact]
    public async Task A_device_whose_check_does_not_end_is_left_out_until_it_does()
    {
        var clock = new TickedClock();
        var device = new FailingDevice();
        using var node = GpuNode.Open(new PoolOptions { Node = "n", HostBytes = 1 << 26 }, [device], clock);
        using var watch = new DeviceWatch(node, clock, NullLogger.Instance);
        using var goOn = new ManualResetEventSlim();
        for (var second = 1; second < 60; second++)
        {
            clock.Tick();
        }

        var checking = HangInACheck(device, clock, goOn);
        for (var second = 1; second < DeviceWatch.LongestStep.TotalSeconds; second++)
        {
            clock.Tick();
        }

        Assert.Null(node.Devices[0].Gate.Failure);
        clock.Tick();
        Assert.Contains("has not ended", node.Devices[0].Gate.Failure, StringComparison.Ordinal);

        goOn.Set();
        await checking;
        clock.Tick();
        clock.Tick();
        Assert.Null(node.Devices[0].Gate.Failure);
    }

    [Fact]
    public async Task A_device_whose_check_has_not_ended_for_five_minutes_is_lost_even_if_it_ends_later()
    {
        var clock = new TickedClock();
        var device = new FailingDevice();
        using var node = GpuNode.Open(new PoolOptions { Node = "n", HostBytes = 1 << 26 }, [device], clock);
        using var watch = new DeviceWatch(node, clock, NullLogger.Instance);
        using var goOn = new ManualResetEventSlim();
        var gate = node.Devices[0].Gate;
        gate.Close("CUDA error 719");
        var retrying = HangInACheck(device, clock, goOn);
        try
        {
            for (var second = 1; second < DeviceWatch.Patience.TotalSeconds; second++)
            {
                clock.Tick();
            }

            Assert.False(gate.IsLost);
            clock.Tick();
            Assert.True(gate.IsLost);
            Assert.Equal("n/host: A check of it has not ended for 5 minutes. This process cannot use the device any more: start it again.", watch.Failure);
        }
        finally
        {
            goOn.Set();
            await retrying;
        }

        clock.Tick();
        Assert.False(gate.IsOpen);
        Assert.False(watch["n/host"].Check.IsHealthy);
    }

    [Fact]
    public void An_error_of_a_scan_after_which_nothing_works_closes_the_device_for_good_at_once()
    {
        var clock = new FakeTimeProvider();
        var gate = new DeviceGate(new FailingDevice(), clock);

        gate.Close(new DeviceFailedException("The device answered: out of luck.") { IsLasting = false });
        Assert.False(gate.IsLost);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(gate.Retry());

        gate.Close(new DeviceFailedException("The device answered: an illegal memory access was encountered.") { IsLasting = true });
        Assert.True(gate.IsLost);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.False(gate.Retry());
        Assert.Equal("The device answered: an illegal memory access was encountered. This process cannot use the device any more: start it again.", gate.Failure);
    }

    [Fact]
    public async Task While_a_check_does_not_end_nobody_else_waits_for_the_device()
    {
        var clock = new TickedClock();
        var device = new FailingDevice();
        using var node = GpuNode.Open(new PoolOptions { Node = "n", HostBytes = 1 << 26 }, [device], clock);
        using var watch = new DeviceWatch(node, clock, NullLogger.Instance);
        using var goOn = new ManualResetEventSlim();
        var gate = node.Devices[0].Gate;
        for (var second = 1; second < 60; second++)
        {
            clock.Tick();
        }

        var checking = HangInACheck(device, clock, goOn);
        gate.Close("CUDA error 700");
        for (var second = 1; second < 5; second++)
        {
            clock.Tick();
        }

        try
        {
            Assert.False(await Task.Run(gate.Retry).WaitAsync(TimeSpan.FromSeconds(10)));
            await Task.Run(() => gate.Close("CUDA error 700 again")).WaitAsync(TimeSpan.FromSeconds(10));
        }
        finally
        {
            goOn.Set();
            await checking;
        }

        clock.Tick();
        Assert.True(gate.Retry());
    }

    [Fact]
    public async Task While_the_check_of_a_device_does_not_end_another_is_tried_again()
    {
        var clock = new TickedClock();
        var (stuck, other) = (new FailingDevice(), new FailingDevice());
        using var node = GpuNode.Open(new PoolOptions { Node = "n", HostBytes = 1 << 26 }, [stuck, other], clock);
        using var watch = new DeviceWatch(node, clock, NullLogger.Instance);
        using var goOn = new ManualResetEventSlim();
        foreach (var device in node.Devices)
        {
            device.Gate.Close("CUDA error 700");
        }

        stuck.Hanging = goOn;
        var ticking = Task.Run(() =>
        {
            clock.Tick();
            clock.Tick();
        });

        try
        {
            Assert.True(SpinWait.SpinUntil(() => stuck.IsHanging && node.Devices[1].Gate.IsOpen, TimeSpan.FromSeconds(10)));
            Assert.False(node.Devices[0].Gate.IsOpen);
        }
        finally
        {
            goOn.Set();
            await ticking;
        }
    }

    [Fact]
    public void An_error_during_a_check_outlives_it()
    {
        var clock = new FakeTimeProvider();
        var device = new FailingDevice();
        var gate = new DeviceGate(device, clock);
        gate.Close("CUDA error 700");
        clock.Advance(TimeSpan.FromSeconds(1));
        device.Checking = () => gate.Close("CUDA error 700");
        Assert.False(gate.Retry());

        device.Checking = null;
        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.True(gate.Retry());
    }

    /// <summary>Returns when the check that comes with the next second hangs.</summary>
    private static Task HangInACheck(FailingDevice device, TickedClock clock, ManualResetEventSlim goOn)
    {
        device.Hanging = goOn;
        var checking = Task.Run(clock.Tick);
        Assert.True(SpinWait.SpinUntil(() => device.IsHanging, TimeSpan.FromSeconds(10)));
        return checking;
    }
}
