using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Tests.Devices;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Log;
using Sophia.Memory.Search;
using Sophia.Tests.Gpu;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>What a device and the way to it have of a vector that was taken away.</summary>
public sealed class ForgottenRowsTests
{
    private const int Dimensions = 100;
    private const int Rows = 300;

    private static float[] VectorOf(int number) => ShardRecords.Vector(new Random(number), Dimensions);

    [Theory]
    [InlineData("int8", RowKind.Codes)]
    [InlineData("float16", RowKind.Halves)]
    [InlineData("float32", RowKind.Floats)]
    public void A_row_that_was_taken_away_is_gone_from_the_device_within_a_second_though_nobody_searches(string rows, RowKind kind)
    {
        using var device = new SmallDevice(new FaultyDevice(), 1000, 64, rows);
        using var shard = Filled(device);
        shard.Near(VectorOf(1), 1);
        Assert.True(Stands(device, kind, 7) && Stands(device, kind, 8), "The rows lie elsewhere.");

        shard.Remove(ShardRecords.IdOf("k7"), Sequence.Of(0, Rows + 1));
        device.Advance(TimeSpan.FromSeconds(1));

        Assert.False(Stands(device, kind, 7));
        Assert.True(Stands(device, kind, 8));
        Assert.Equal("k8", shard.Near(VectorOf(8), 1).Hits[0].Key);
        Assert.Equal(0, device.Pools[2].Report().PinnedPages);
    }

    [Fact]
    public async Task A_device_that_was_left_out_has_nothing_of_the_shard_a_second_after_it_is_well_again()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        using var shard = Filled(device);
        shard.Near(VectorOf(1), 1);
        device.Scans.Gate.Close("CUDA error 700");
        shard.Remove(ShardRecords.IdOf("k7"), Sequence.Of(0, Rows + 1));
        device.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Stands(device, RowKind.Codes, 7), "It is written to although it is left out.");
        Assert.Equal("The device n/0 keeps what stands there until it is well again or the process ends. CUDA error 700", await device.Scans.OverwriteAsync(TimeSpan.FromSeconds(5), default));

        Assert.True(device.Scans.Gate.Retry());
        device.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await device.Scans.OverwriteAsync(TimeSpan.FromSeconds(5), default));

        Assert.Equal(0, device.Pools[2].Report().UsedPages);
        Assert.False(Stands(device, RowKind.Codes, 7));
        Assert.Equal("k8", shard.Near(VectorOf(8), 1).Hits[0].Key);
    }

    [Fact]
    public void Nothing_is_left_of_streamed_rows_where_they_were_copied_from()
    {
        var simulated = TestDevice.Open(1 << 26);
        using var device = new SmallDevice(simulated, 1, 300, "float32");
        using var shard = Filled(device);
        using var meters = new Counted(device, "sophia.vector.device.streamed");

        shard.Near(VectorOf(1), 1);

        Assert.True(meters["sophia.vector.device.streamed"] > 0);
        var lanes = ((IlgpuScanner)simulated.Scanner).Lanes;
        Assert.All(lanes, static lane => Assert.False(lane.Staging(0).GetArray().AsSpan().ContainsAnyExcept((byte)0)));
        Assert.Contains(lanes, static lane => lane.Staging(0).Length > 0);
    }

    private static IShard Filled(SmallDevice device)
    {
        var shard = new HostShardEngine(devices: [device.Scans]).Create(ShardRecords.Namespace(Dimensions));
        for (var number = 1; number <= Rows; number++)
        {
            shard.Put(ShardRecords.Record($"k{number}", number, "", VectorOf(number)));
        }

        return shard;
    }

    private static bool Stands(SmallDevice device, RowKind kind, int number)
    {
        var (stored, row) = (new float[Dimensions], new byte[RowPages.RowBytesOf(kind, Dimensions)]);
        UnitVector.Scale(VectorOf(number), stored);
        RowPage.Encode(kind, stored, row);
        var memory = device.Pools[2].Memory;
        var bytes = new byte[memory.Bytes];
        memory.Read(0, bytes);
        return bytes.AsSpan().IndexOf(row.AsSpan(0, Dimensions)) >= 0;
    }
}
