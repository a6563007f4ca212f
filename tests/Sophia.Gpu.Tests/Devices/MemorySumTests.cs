using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Gpu.Tests.Devices;

/// <summary>The sum of a range is one, wherever it is made.</summary>
public sealed class MemorySumTests
{
    public static TheoryData<string> Devices => ["host", "simulated"];

    private static IDevice Open(string device) => device == "host" ? new HostDevice(1 << 26) : TestDevice.Open(1 << 26);

    [Theory]
    [MemberData(nameof(Devices))]
    public void Every_device_finds_the_sums_of_several_ranges_that_the_processor_finds(string name)
    {
        using var device = Open(name);
        using var memory = device.Reserve(200_000);
        var bytes = new byte[200_000];
        new Random(5).NextBytes(bytes);
        memory.Write(0, bytes);

        foreach (var (length, offsets) in new (int, long[])[] { (16, [0, 16, 199_984]), (4_096, [96, 4_096, 100_000, 100_000]), (100_000, [99_984]) })
        {
            var sums = new ulong[offsets.Length];
            device.Sum(memory, offsets, length, sums);
            Assert.Equal(offsets.Select(offset => MemorySum.Of(bytes.AsSpan((int)offset, length))), sums);
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Any_single_bit_and_words_that_change_places_change_the_sum(string name)
    {
        using var device = Open(name);
        using var memory = device.Reserve(512);
        var bytes = new byte[512];
        new Random(6).NextBytes(bytes);
        var sum = new ulong[1];
        var seen = new HashSet<ulong> { MemorySum.Of(bytes) };
        for (var bit = 0; bit < 512 * 8; bit += name == "host" ? 1 : 61)
        {
            var flipped = bytes.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            memory.Write(0, flipped);
            device.Sum(memory, [0], 512, sum);
            Assert.True(seen.Add(sum[0]), $"Bit {bit} does not show.");
        }

        var swapped = bytes.ToArray();
        (swapped[0], swapped[8]) = (swapped[8], swapped[0]);
        Assert.True(seen.Add(MemorySum.Of(swapped)));
    }

    [Fact]
    public void A_range_that_does_not_lie_in_the_memory_is_refused()
    {
        using var device = TestDevice.Open(1 << 26);
        using var memory = device.Reserve(4_096);
        var sums = new ulong[1];

        Assert.Throws<ArgumentException>(() => device.Sum(memory, [4_000], 112, sums));
        Assert.Throws<ArgumentException>(() => device.Sum(memory, [-16], 32, sums));
        Assert.Throws<ArgumentException>(() => device.Sum(memory, [8], 32, sums));
        Assert.Throws<ArgumentException>(() => device.Sum(memory, [0], 24, sums));
        device.Sum(memory, [4_080], 16, sums);
    }
}
