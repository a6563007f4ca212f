using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>A device that fails in flight.</summary>
public sealed class DeviceFaultTests
{
    [Theory]
    [InlineData("begin")]
    [InlineData("scan")]
    [InlineData("stream")]
    [InlineData("finish")]
    public void The_host_takes_over_and_the_device_is_used_again_when_it_computes(string place)
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 20, 64);
        using var full = new Filled(device, 600, 100);
        Assert.True(full.Search());

        faulty.FailsAt = place;
        Assert.False(full.Search());
        faulty.FailsAt = null;
        var scans = faulty.Scans;
        Assert.False(full.Search());
        Assert.Equal(scans, faulty.Scans);
        Assert.Contains("CUDA error 700", device.Scans.Gate.Failure, StringComparison.Ordinal);

        device.Wait(TimeSpan.FromSeconds(1));
        Assert.True(full.Search());
        Assert.Null(device.Scans.Gate.Failure);
        Assert.Equal(1, faulty.Checks);
        Assert.Equal(0, device.Pools[2].Report().PinnedPages);
        Assert.Equal(0, device.Pools[3].Report().UsedPages);
    }

    [Theory]
    [InlineData("begin")]
    [InlineData("scan")]
    [InlineData("stream")]
    [InlineData("finish")]
    public void Where_the_kernels_have_no_memory_the_host_answers_and_what_stands_on_the_device_stays_there(string place)
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 20, 64);
        using var full = new Filled(device, 600, 100);
        Assert.True(full.Search());
        using var meters = new Counted(device, "sophia.vector.device.uploaded");

        (faulty.FailsAt, faulty.Error) = (place, static () => new DeviceMemoryException("out of memory"));
        Assert.False(full.Search());
        faulty.FailsAt = null;
        Assert.True(full.Search());

        Assert.Equal(0, meters["sophia.vector.device.uploaded"]);
        Assert.True(device.Scans.Gate.IsOpen);
        Assert.Equal(0, device.Pools[2].Report().PinnedPages);
    }

    [Fact]
    public void A_search_never_checks_the_device_itself_though_it_is_time_to()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 20, 64);
        using var full = new Filled(device, 600, 100);
        faulty.FailsAt = "scan";
        Assert.False(full.Search());
        faulty.FailsAt = null;

        device.Advance(TimeSpan.FromMinutes(2));
        Assert.False(full.Search());
        Assert.Equal(0, faulty.Checks);

        Assert.True(device.Scans.Gate.Retry());
        Assert.True(full.Search());
        Assert.Equal(1, faulty.Checks);
    }

    [Fact]
    public void A_device_that_takes_no_calls_any_more_is_not_checked_again_after_the_search_that_saw_it()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 20, 64);
        using var full = new Filled(device, 600, 100);
        (faulty.FailsAt, faulty.Error) = ("scan", static () => new DeviceFailedException("CUDA error 719") { IsLasting = true });

        Assert.False(full.Search());

        Assert.True(device.Scans.Gate.IsLost);
        device.Wait(TimeSpan.FromMinutes(2));
        Assert.Equal(0, faulty.Checks);
    }

    [Fact]
    public void What_stood_on_the_device_before_the_error_is_not_trusted_after_it()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        using var full = new Filled(device, 300, 100);
        Assert.True(full.Search());
        FailAndReset(faulty, device, full);
        Assert.True(full.Search());
    }

    [Fact]
    public void Shards_that_did_not_see_the_error_do_not_trust_what_stood_there_either()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        using var other = new Filled(device, 300, 100);
        using var failing = new Filled(device, 300, 100);
        Assert.True(other.Search() && failing.Search());
        FailAndReset(faulty, device, failing);

        Assert.True(failing.Search());
        Assert.True(other.Search());
    }

    [Fact]
    public void Pages_of_a_shard_that_goes_while_the_device_fails_come_back_to_the_pool_when_it_is_well()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        var full = new Filled(device, 1_200, 100);
        Assert.True(full.Search());
        var used = device.Pools[2].Report().UsedPages;
        faulty.FailsAt = "discard";
        full.Dispose();
        device.Settle();
        Assert.Equal(used, device.Pools[2].Report().UsedPages);
        Assert.Contains("CUDA error 700", device.Scans.Gate.Failure, StringComparison.Ordinal);

        faulty.FailsAt = null;
        device.Wait(TimeSpan.FromSeconds(1));
        device.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0, device.Pools[2].Report().UsedPages);
    }

    // As a device that was reset comes back.
    private static void FailAndReset(FaultyDevice faulty, SmallDevice device, Filled searched)
    {
        faulty.FailsAt = "finish";
        Assert.False(searched.Search());
        faulty.FailsAt = null;
        var pool = device.Pools[2];
        pool.Memory.Discard(0, pool.Memory.Bytes);
        device.Wait(TimeSpan.FromSeconds(1));
    }

    /// <summary>Of all rows the codes or the bound are changed in the device's memory: the best row then scores more than the device says it can.</summary>
    [Fact]
    public void A_page_that_was_damaged_on_the_device_is_written_anew_and_the_host_answers_meanwhile()
    {
        using var device = new SmallDevice(new FaultyDevice(), 1000, 64);
        using var full = new Filled(device, 300, 100);
        Assert.True(full.Search());
        using var meters = new Counted(device, "sophia.vector.device.contradicted", "sophia.vector.device.handed_back");

        // 128 bytes of codes a row, 512 rows, then scales: all of them a quarter of what they were.
        var pool = device.Pools[2];
        var scales = new float[512];
        pool.Memory.Read(512 * 128, System.Runtime.InteropServices.MemoryMarshal.AsBytes(scales.AsSpan()));
        Assert.True(scales[0] > 0 && scales[299] > 0 && scales[300] == 0, "The rows lie elsewhere.");
        pool.Memory.Write(512 * 128, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([.. scales.Select(s => s / 4)]));

        Assert.False(full.Search());
        Assert.True(meters["sophia.vector.device.contradicted"] > 0);
        Assert.Equal(1, meters["sophia.vector.device.handed_back"]);
        Assert.True(full.Search());
        Assert.Null(device.Scans.Gate.Failure);
    }

    [Fact]
    public void A_device_that_stays_sick_is_asked_less_and_less_often_and_at_least_each_minute()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 20, 64);
        using var full = new Filled(device, 200, 100);
        faulty.FailsAt = "scan";
        Assert.False(full.Search());
        (faulty.FailsAt, faulty.Sickness) = (null, "it computes nothing");

        var checks = new List<int>();
        for (var second = 1; second <= 240; second++)
        {
            var before = faulty.Checks;
            device.Wait(TimeSpan.FromSeconds(1));
            Assert.False(full.Search());
            if (faulty.Checks > before)
            {
                checks.Add(second);
            }
        }

        Assert.Equal([1, 3, 7, 15, 31, 63, 123, 183], checks);
        Assert.Equal("it computes nothing", device.Scans.Gate.Failure);
        faulty.Sickness = null;
        device.Wait(TimeSpan.FromMinutes(1));
        Assert.True(full.Search());
    }

    [Fact]
    public void A_device_that_answers_and_computes_nothing_is_left_out_until_a_check_finds_it_well()
    {
        var clock = new FakeTimeProvider();
        var faulty = new FaultyDevice();
        using var node = GpuNode.Open(new PoolOptions(), [faulty], clock);
        using var watch = new DeviceWatch(node, clock, NullLogger.Instance);
        Assert.True(node.Devices[0].Gate.IsOpen);

        faulty.Sickness = "CUDA error 802";
        clock.Advance(DeviceWatch.Interval);
        Assert.False(node.Devices[0].Gate.IsOpen);
        Assert.Equal("CUDA error 802", node.Devices[0].Gate.Failure);

        faulty.Sickness = null;
        clock.Advance(2 * DeviceWatch.Interval);
        Assert.Null(node.Devices[0].Gate.Failure);
        Assert.Null(watch.Failure);
    }
}
