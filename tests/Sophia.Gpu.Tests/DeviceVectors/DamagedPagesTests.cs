using Sophia.Gpu.Devices;
using Sophia.Gpu.DeviceVectors;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>Bits that flip in pages which stand in a device's memory.</summary>
public sealed class DamagedPagesTests
{
    private const string Damaged = "sophia.vector.device.damaged";
    private const string Looked = "sophia.vector.device.looked";
    private const string Contradicted = "sophia.vector.device.contradicted";

    /// <summary>A row that looks worse than it is contradicts nothing: without the sums nobody would see it.</summary>
    [Theory]
    [InlineData("int8")]
    [InlineData("float16")]
    [InlineData("float32")]
    public void A_flipped_bit_is_found_within_a_round_counted_and_written_anew(string rows)
    {
        using var device = new SmallDevice(new FaultyDevice(), 1000, 64, rows);
        using var full = new Filled(device, 900, 100);
        Assert.True(full.Search());
        var memory = device.Pools[2].Memory;
        var whole = Bytes(memory);
        using var meters = new Counted(device, Damaged, Looked, Contradicted);
        Round(device);
        Assert.Equal(0, meters[Damaged]);
        Assert.InRange(meters[Looked], device.Pools[2].Report().UsedBytes / 2, device.Pools[2].Report().UsedBytes * 2);

        foreach (var at in new[] { 3, 70_001 })
        {
            Flip(memory, at);
        }

        Assert.NotEqual(whole, Bytes(memory));
        Round(device);
        Assert.InRange(meters[Damaged], 1, 2);
        Round(device);
        Assert.InRange(meters[Damaged], 1, 2);
        Assert.True(full.Search());
        Assert.Equal(whole, Bytes(memory));
        var found = meters[Damaged];
        Round(device);

        Assert.Equal(found, meters[Damaged]);
        Assert.Equal(0, meters[Contradicted]);
        Assert.Equal(0, device.Pools[2].Report().PinnedPages);
    }

    [Fact]
    public void What_is_written_between_looks_is_what_they_expect()
    {
        using var device = new SmallDevice(new FaultyDevice(), 1000, 64);
        using var full = new Filled(device, 900, 100);
        using var meters = new Counted(device, Damaged, Looked);

        for (var round = 0; round < 3; round++)
        {
            full.Replace(round * 37);
            Round(device);
            Assert.True(full.Search());
            full.Replace((round * 37) + 500);
            Assert.True(full.Search());
            Round(device);
        }

        Assert.True(meters[Looked] > 0);
        Assert.Equal(0, meters[Damaged]);
    }

    [Fact]
    public void An_error_of_the_device_while_it_adds_up_leaves_it_out_until_it_is_well()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        using var full = new Filled(device, 300, 100);
        Assert.True(full.Search());

        faulty.FailsAt = "sum";
        for (var second = 0; second <= PageWatch.Round.TotalSeconds && device.Scans.Gate.Failure is null; second++)
        {
            device.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Contains("CUDA error 700", device.Scans.Gate.Failure, StringComparison.Ordinal);
        Assert.False(full.Search());

        faulty.FailsAt = null;
        device.Wait(TimeSpan.FromSeconds(1));
        Assert.True(full.Search());
    }

    private static void Round(SmallDevice device)
    {
        for (var second = 0; second <= PageWatch.Round.TotalSeconds; second++)
        {
            device.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private static void Flip(IDeviceMemory memory, int at)
    {
        var one = new byte[1];
        memory.Read(at, one);
        one[0] ^= 0x10;
        memory.Write(at, one);
    }

    private static byte[] Bytes(IDeviceMemory memory)
    {
        var bytes = new byte[memory.Bytes];
        memory.Read(0, bytes);
        return bytes;
    }
}
