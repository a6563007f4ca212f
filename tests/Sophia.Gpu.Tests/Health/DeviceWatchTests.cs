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

        device.Failure = null;
        clock.Advance(DeviceWatch.Interval);
        Assert.Null(watch.Failure);
    }

    private sealed class FailingDevice : IDevice
    {
        private readonly HostDevice _host = new(1 << 26);

        public string? Failure { get; set; }

        public DeviceFacts Facts => _host.Facts;

        public long FreeBytes => _host.FreeBytes;

        public IDeviceMemory Reserve(long bytes) => _host.Reserve(bytes);

        public DeviceCheck Check() => new(Failure, TimeSpan.Zero);

        public void MeanRows(IDeviceMemory matrix, long offset, int width, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means) =>
            _host.MeanRows(matrix, offset, width, ids, ends, means);

        public void Dispose() => _host.Dispose();
    }
}
