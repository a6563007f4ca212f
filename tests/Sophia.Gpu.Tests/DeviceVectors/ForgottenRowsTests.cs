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
        Assert.Equal("What was taken away may stand on the device n/0 until it is well again or the process ends. CUDA error 700", await Overwrite(device));

        Assert.True(device.Scans.Gate.Retry());
        device.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await Overwrite(device));

        Assert.Equal(0, device.Pools[2].Report().UsedPages);
        Assert.False(Stands(device, RowKind.Codes, 7));
        Assert.Equal("k8", shard.Near(VectorOf(8), 1).Hits[0].Key);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_device_does_not_take_back_is_said_to_stand_there_until_it_does(bool isLeftOut)
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        var shard = Filled(device);
        shard.Near(VectorOf(1), 1);

        (faulty.FailsAt, faulty.Error) = ("discard", isLeftOut ? faulty.Error : static () => new DeviceMemoryException("no memory for it"));
        shard.Dispose();
        device.Settle();
        Assert.Equal(isLeftOut, !device.Scans.Gate.IsOpen);
        Assert.NotNull(await Overwrite(device));
        Assert.True(Stands(device, RowKind.Codes, 7));

        faulty.FailsAt = null;
        if (isLeftOut)
        {
            // The second in which it would be given back anyway has passed while the device was left out.
            device.Wait(TimeSpan.FromSeconds(1));
        }

        Assert.Null(await Overwrite(device));
        Assert.False(Stands(device, RowKind.Codes, 7));
        Assert.Equal(0, device.Pools[2].UsedPages);
    }

    [Fact]
    public async Task A_row_that_the_device_had_no_room_to_overwrite_is_said_to_stand_there_until_it_has()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        using var shard = Filled(device);
        shard.Near(VectorOf(1), 1);
        (faulty.FailsAt, faulty.Error) = ("write", static () => new DeviceMemoryException("no memory for it"));
        shard.Remove(ShardRecords.IdOf("k7"), Sequence.Of(0, Rows + 1));

        Assert.Equal("What was taken away may stand on the device n/0 until it is well again or the process ends. It was not overwritten in time.", await Overwrite(device));
        Assert.True(Stands(device, RowKind.Codes, 7));

        faulty.FailsAt = null;
        Assert.Null(await Overwrite(device));
        Assert.False(Stands(device, RowKind.Codes, 7));
        Assert.True(Stands(device, RowKind.Codes, 8));
    }

    [Fact]
    public async Task A_shard_that_goes_while_its_device_is_asked_has_nothing_there_when_that_is_confirmed()
    {
        using var device = new SmallDevice(new FaultyDevice(), 1000, 64);
        var shard = Filled(device);
        shard.Near(VectorOf(1), 1);
        using ManualResetEventSlim before = new(), behind = new();
        Assert.True(device.Scans.Thread.TryPost(before.Wait));
        var overwriting = Overwrite(device);
        Assert.True(device.Scans.Thread.TryPost(behind.Wait));

        // What it had is given back behind all of that.
        shard.Dispose();
        before.Set();

        Assert.Null(await overwriting);
        Assert.False(Stands(device, RowKind.Codes, 7));
        behind.Set();
    }

    [Fact]
    public async Task A_shard_that_nobody_searches_any_more_has_nothing_on_its_device_before_it_comes_to_its_end()
    {
        using var device = new SmallDevice(new FaultyDevice(), 1000, 64);
        using var shard = Filled(device);
        shard.Near(VectorOf(1), 1);

        shard.Withdraw(null);

        Assert.Null(await Overwrite(device));
        Assert.False(Stands(device, RowKind.Codes, 7));
        shard.Remove(ShardRecords.IdOf("k7"), Sequence.Of(0, Rows + 1));
        Assert.Equal(Rows - 1, shard.Count);
    }

    [Fact]
    public async Task Streamed_rows_that_the_buffer_does_not_take_back_are_overwritten_before_a_forget_is_confirmed()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1, 300, "float32");
        using var shard = Filled(device);
        (faulty.FailsAt, faulty.Error) = ("discard", static () => new DeviceMemoryException("no memory for it"));
        using var meters = new Counted(device, "sophia.vector.device.streamed");

        Assert.Equal("k1", shard.Near(VectorOf(1), 1).Hits[0].Key);
        Assert.True(meters["sophia.vector.device.streamed"] > 0);
        Assert.NotNull(await Overwrite(device));
        Assert.True(device.Pools[3].UsedPages > 0);

        faulty.FailsAt = null;
        Assert.Null(await Overwrite(device));
        Assert.Equal(0, device.Pools[3].UsedPages);
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

    private static Task<string?> Overwrite(SmallDevice device) => device.Scans.OverwriteAsync(TimeSpan.FromMinutes(1), default);

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
