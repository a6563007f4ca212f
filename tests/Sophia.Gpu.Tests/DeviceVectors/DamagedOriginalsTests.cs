using System.Runtime.InteropServices;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;
using Sophia.Tests.Gpu;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>Rows whose original, in a file, is not what was written there, on their way to a device.</summary>
public sealed class DamagedOriginalsTests : IDisposable
{
    private const int Dimensions = 4096;

    /// <summary>Originals beyond 4 MiB are in files.</summary>
    private const int Rows = 400;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sophia-damaged");

    public void Dispose() => _folder.Delete(recursive: true);

    private static float[] VectorOf(int number) => ShardRecords.Vector(new Random(number), Dimensions);

    [SkippableTheory]
    [InlineData("float16")]
    [InlineData("float32")]
    public void A_damaged_row_that_would_be_streamed_is_an_error_of_the_shard(string rows)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux gives files without a name to the test.");
        using var device = new SmallDevice(new FaultyDevice(), 1, 600, rows);
        using var shard = new HostShardEngine(_folder.FullName, devices: [device.Scans]).Create(ShardRecords.Namespace(Dimensions));
        for (var number = 1; number <= Rows; number++)
        {
            shard.Put(ShardRecords.Record($"k{number}", number, "", VectorOf(number)));
        }

        var stored = new float[Dimensions];
        UnitVector.Scale(VectorOf(Rows - 1), stored);
        Assert.True(NamelessFiles.TryFlip(_folder, MemoryMarshal.AsBytes<float>(stored)));

        Assert.Throws<ShardDamagedException>(() => shard.Near(VectorOf(1), 1));

        Assert.Equal(0, device.Pools[3].Report().UsedPages);
        Assert.Null(device.Scans.Gate.Failure);
    }
}
