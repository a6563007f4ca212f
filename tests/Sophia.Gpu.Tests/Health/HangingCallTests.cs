using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Tests.Devices;

namespace Sophia.Gpu.Tests.Health;

/// <summary>A call to a device, of a search or a model, that does not end.</summary>
public sealed class HangingCallTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly TickedClock _clock = new();
    private readonly FailingDevice _failing = new();
    private readonly GpuNode _node;
    private readonly DeviceWatch _watch;
    private readonly ManualResetEventSlim _mayGoOn = new();

    public HangingCallTests()
    {
        _node = GpuNode.Open(new PoolOptions { Node = "hanging", HostBytes = 1 << 26 }, [_failing], _clock);
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
    public void One_that_reads_a_file_without_the_device_is_late_and_the_device_stays_in_use()
    {
        _ = Hang(Device.Models, isAside: true);
        Tick(2 * DeviceWatch.LongestStep);

        Assert.True(Device.Models.IsLate);
        Assert.True(Device.Gate.IsOpen);
    }

    [Fact]
    public async Task Who_has_not_the_time_to_wait_for_those_before_leaves_though_they_come_further()
    {
        var wasCalled = false;
        _ = Hang(Device.Models);
        var waiting = Task.Run(() => Device.Models.TryCall(() => wasCalled = true, TimeSpan.FromSeconds(3)));
        for (var second = 0; second < 10 && !waiting.IsCompleted; second++)
        {
            _clock.Tick();
            Device.Models.Progressed();
            await Task.Delay(30);
        }

        Assert.False(Device.Models.IsLate);
        Assert.False(await waiting.WaitAsync(Soon));

        // Nor does it hold up others when its turn comes.
        _mayGoOn.Set();
        Assert.True(Device.Models.TryCall(static () => { }));
        Assert.False(wasCalled);
    }

    [Fact]
    public void A_process_that_was_stopped_for_long_finds_no_device_hanging()
    {
        _ = Hang(Device.Searches);
        _clock.Tick();

        // As SIGSTOP and SIGCONT do: time has passed, and nothing has looked.
        _clock.Skip(TimeSpan.FromHours(1));
        _clock.Tick();

        Assert.True(Device.Searches.IsLate);
        Assert.True(Device.Gate.IsOpen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_device_is_left_out_after_half_a_minute_and_no_check_is_made_that_could_prove_nothing_until_it_ends(bool isSearch)
    {
        var thread = isSearch ? Device.Searches : Device.Models;
        _ = Hang(thread);
        Tick(DeviceWatch.LongestStep - TimeSpan.FromSeconds(1));
        Assert.True(Device.Gate.IsOpen);
        _clock.Tick();
        Assert.Equal("A call to it has not ended for 30 s.", Device.Gate.Failure);

        var checks = _failing.Checks;
        Tick(2 * DeviceWatch.Interval);
        Assert.Equal(checks, _failing.Checks);
        Assert.False(Device.Gate.IsOpen);

        _mayGoOn.Set();
        Assert.True(SpinWait.SpinUntil(() => thread.Step is null, Soon));
        Tick(TimeSpan.FromSeconds(2));
        Assert.True(Device.Gate.IsOpen);
    }

    [Fact]
    public void The_meter_that_alerts_watch_says_so()
    {
        var healthy = new List<int>();
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name == "sophia.device.healthy") { l.EnableMeasurementEvents(i); } } };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) =>
        {
            // Other tests run beside this one.
            if (tags[0].Value is "hanging/host")
            {
                healthy.Add(value);
            }
        });
        listener.Start();
        _ = Hang(Device.Searches);
        listener.RecordObservableInstruments();
        Tick(DeviceWatch.LongestStep);
        listener.RecordObservableInstruments();

        Assert.Equal([1, 0], healthy);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_device_whose_pools_are_not_made_in_time_is_done_without_and_has_its_memory_back_once_they_are(bool areMade)
    {
        using var mayGoOn = new ManualResetEventSlim();
        var slow = new SlowDevice(mayGoOn, areMade);
        using var node = GpuNode.Open(
            new PoolOptions { Node = "n", ModelsBytes = 2 << 20, InferenceCacheBytes = 2 << 20, VectorCacheBytes = 2 << 20, BufferBytes = 4 << 20 },
            [slow, TestDevice.Open(1 << 26)], _clock, TimeSpan.FromSeconds(1));
        Assert.False(slow.IsDisposed);
        mayGoOn.Set();

        Assert.True(SpinWait.SpinUntil(() => slow.IsDisposed, Soon));
        Assert.Equal(0, slow.Reserved);
        Assert.Contains("has not answered for 1 s", Assert.Single(node.Unopened).Reason, StringComparison.Ordinal);
        Assert.Equal("n/0", Assert.Single(node.Devices).Name);
    }

    [Fact]
    public void After_five_minutes_it_is_lost_and_the_node_ends_without_it()
    {
        _ = Hang(Device.Searches);
        Tick(DeviceWatch.Patience - TimeSpan.FromSeconds(1));
        Assert.False(Device.Gate.IsLost);
        _clock.Tick();
        Assert.True(Device.Gate.IsLost);
        Assert.Equal("hanging/host: A call to it has not ended for 5 minutes. This process cannot use the device any more: start it again.", _watch.Failure);

        var began = Stopwatch.GetTimestamp();
        _node.Dispose();
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 12);
    }

    /// <summary>Returns when the call hangs.</summary>
    private Task<bool> Hang(DeviceThread thread, bool isAside = false)
    {
        var hangs = false;
        void Wait()
        {
            Volatile.Write(ref hangs, true);
            _mayGoOn.Wait();
        }

        var calling = Task.Run(() => thread.TryCall(() =>
        {
            if (isAside)
            {
                using var reading = thread.Aside();
                Wait();
            }
            else
            {
                Wait();
            }
        }));
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref hangs), Soon));
        return calling;
    }

    /// <summary>A GPU that reserves nothing until it may.</summary>
    private sealed class SlowDevice(ManualResetEventSlim mayGoOn, bool reserves) : IDevice
    {
        private volatile bool _isDisposed;
        private int _reserved;

        public bool IsDisposed => _isDisposed;

        /// <summary>What was reserved and not given back.</summary>
        public int Reserved => Volatile.Read(ref _reserved);

        public DeviceFacts Facts { get; } = new("1", DeviceKind.Simulated, "slow", 1 << 26, null);

        public long FreeBytes => 1 << 26;

        public IDeviceMemory Reserve(long bytes)
        {
            mayGoOn.Wait();
            Interlocked.Increment(ref _reserved);
            return reserves ? new Memory(this, bytes) : throw new DeviceMemoryException($"no more than {Interlocked.Decrement(ref _reserved)}");
        }

        public void MeanRows(IDeviceMemory matrix, long offset, int width, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means) => throw new NotSupportedException();

        public DeviceCheck Check() => throw new NotSupportedException();

        public void Dispose() => _isDisposed = true;

        private sealed class Memory(SlowDevice device, long bytes) : IDeviceMemory
        {
            public long Bytes => bytes;

            public void Write(long offset, ReadOnlySpan<byte> source) => throw new NotSupportedException();

            public void Read(long offset, Span<byte> target) => throw new NotSupportedException();

            public void Discard(long offset, long bytes) => throw new NotSupportedException();

            public void Dispose() => Interlocked.Decrement(ref device._reserved);
        }
    }

    private void Tick(TimeSpan time)
    {
        for (var second = 1; second <= time.TotalSeconds; second++)
        {
            _clock.Tick();
        }
    }
}
