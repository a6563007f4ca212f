using Sophia.Gpu.Shards;
using Sophia.Gpu.Tests.Devices;
using Sophia.Memory.Log;
using Sophia.Memory.Search;
using Sophia.Tests.Gpu;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>A whole shard whose vectors a device scans, beside one that the processor scans.</summary>
public sealed class DeviceShardTests
{
    [Fact]
    public void A_shard_on_a_device_answers_as_one_on_the_host_after_every_change()
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 16, 64);
        var engine = new HostShardEngine(devices: [device.Scans]);
        Assert.Matches("^(ILGPU.s CPU accelerator|NVIDIA .*), and host memory", engine.Engine);
        using var shard = engine.Create(ShardRecords.Namespace(80));
        using var host = new HostShardEngine().Create(ShardRecords.Namespace(80));
        using var meters = new Counted(device, "sophia.vector.scans");
        var random = new Random(3);
        for (var number = 1; number <= 900; number++)
        {
            var key = $"k{random.Next(500)}";
            foreach (var each in new[] { shard, host })
            {
                if (number % 5 == 0)
                {
                    each.Remove(ShardRecords.IdOf(key), Sequence.Of(0, number));
                }
                else
                {
                    each.Put(ShardRecords.Record(key, number, "", ShardRecords.Vector(new Random(number), 80), "", number % 3 == 0 ? ["x"] : []));
                }
            }

            if (number % 100 == 0)
            {
                var query = ShardRecords.Vector(random, 80);
                foreach (var filter in new[] { null, new RecordFilter { AllTags = ["x"] } })
                {
                    var (one, other) = (shard.Near(query, 12, filter), host.Near(query, 12, filter));
                    Assert.Equal(other.Keys(), one.Keys());
                    Assert.Equal(other.Hits.Select(h => h.Score), one.Hits.Select(h => h.Score));
                    Assert.Equal(other.RowsScanned, one.RowsScanned);
                }
            }
        }
    }

    [Fact]
    public void What_an_evicted_shard_had_on_a_device_counts_as_evicted_there_too()
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 1000, 64);
        var shard = new HostShardEngine(devices: [device.Scans]).Create(ShardRecords.Namespace(80));
        for (var number = 1; number <= 2000; number++)
        {
            shard.Put(ShardRecords.Record($"k{number}", number, "", ShardRecords.Vector(new Random(number), 80)));
        }

        _ = shard.Near(ShardRecords.Vector(new Random(0), 80), 3, null);
        _ = shard.Near(ShardRecords.Vector(new Random(0), 80), 3, null);
        var pool = device.Pools[(int)Sophia.Gpu.Pools.PoolKind.VectorCache];
        Assert.True(pool.Report().UsedPages > 0);
        shard.Evict(new ShardEviction("cold", TimeSpan.FromMinutes(2)));
        device.Settle();

        var report = pool.Report();
        Assert.Equal(0, report.UsedPages);
        Assert.Equal(("cold", report.Frees), report.Evictions.Single());
    }

    [Fact]
    public async Task A_row_that_is_changed_while_the_device_scans_contradicts_nothing_and_is_found_as_it_is()
    {
        var device = new FaultyDevice();
        using var small = new SmallDevice(device, 1000, 64);
        using var shard = new HostShardEngine(devices: [small.Scans]).Create(ShardRecords.Namespace(80));
        for (var number = 1; number <= 600; number++)
        {
            shard.Put(ShardRecords.Record($"k{number}", number, "", ShardRecords.Vector(new Random(number), 80)));
        }

        var query = ShardRecords.Vector(new Random(0), 80);
        var best = shard.Near(query, 3).Hits[0].Key;
        using var meters = new Counted(small, "sophia.vector.device.contradicted", "sophia.vector.device.handed_back", "sophia.vector.scans");
        device.HangsAt = "finish";
        var writing = Task.Run(() =>
        {
            Assert.True(SpinWait.SpinUntil(() => device.IsHanging, TimeSpan.FromSeconds(10)));
            shard.Put(ShardRecords.Record(best, 601, "", query));
            device.MayGoOn.Set();
        });

        var found = shard.Near(query, 3);

        Assert.Equal((best, 1.0), (found.Hits[0].Key, Math.Round(found.Hits[0].Score, 6)));
        Assert.Equal((0, 0, 1), (meters["sophia.vector.device.contradicted"], meters["sophia.vector.device.handed_back"], meters["sophia.vector.scans"]));
        await writing;
    }

    [Fact]
    public async Task Searches_while_others_write_see_what_was_written_before_they_began()
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 1000, 64);
        using var shard = new HostShardEngine(devices: [device.Scans]).Create(ShardRecords.Namespace(64));
        var written = 0;
        var writing = Task.Run(() =>
        {
            for (var number = 1; number <= 600; number++)
            {
                shard.Put(ShardRecords.Record($"k{number}", number, "", ShardRecords.Vector(new Random(number), 64)));
                Volatile.Write(ref written, number);
            }
        });
        do
        {
            var number = Volatile.Read(ref written);
            if (number > 0)
            {
                Assert.Equal($"k{number}", shard.Near(ShardRecords.Vector(new Random(number), 64), 1).Hits[0].Key);
            }
        }
        while (!writing.IsCompleted);
        await writing;
        Assert.Equal("k600", shard.Near(ShardRecords.Vector(new Random(600), 64), 1).Hits[0].Key);
    }
}
