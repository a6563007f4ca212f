using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Tests.Pools;

public sealed class PoolMetersTests
{
    [Fact]
    public void Monitoring_is_told_of_a_pool_what_is_granted_used_pinned_evicted_and_how_long_its_pages_lived()
    {
        var clock = new FakeTimeProvider();
        var name = Guid.NewGuid().ToString("n");
        var told = new List<string>();
        using var listener = new MeterListener { InstrumentPublished = static (instrument, self) =>
        {
            if (instrument.Name.StartsWith("sophia.pool.", StringComparison.Ordinal))
            {
                self.EnableMeasurementEvents(instrument);
            }
        } };
        void Tell(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags[0] is { Key: "pool", Value: string pool } && pool == $"{name}/host/vector-cache")
            {
                told.Add(string.Create(CultureInfo.InvariantCulture, $"{instrument.Name} {value}{(tags.Length > 1 ? $" {tags[1].Key}={tags[1].Value}" : "")}"));
            }
        }

        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Tell(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Tell(instrument, value, tags));
        listener.Start();
        using var node = GpuNode.Open(new PoolOptions { Node = name, VectorCacheBytes = 4 * 65_536 }, [new HostDevice(64 << 20)], clock);
        var pool = node.Devices[0][PoolKind.VectorCache];
        listener.RecordObservableInstruments();
        Assert.Contains("sophia.pool.evictions 0", told);
        var (first, second) = (pool.TryAllocate(2)!, pool.TryAllocate(1)!);
        Assert.True(pool.TryPin(second));
        clock.Advance(TimeSpan.FromSeconds(5));
        pool.Touch(first);
        clock.Advance(TimeSpan.FromSeconds(20));
        Assert.NotNull(pool.AllocateEvicting(2, "room", static _ => { }));
        Assert.Null(pool.TryAllocate(4));
        listener.RecordObservableInstruments();

        foreach (var expected in new[]
        {
            "sophia.pool.granted 262144", "sophia.pool.used 196608", "sophia.pool.pinned 65536", "sophia.pool.high_water 196608", "sophia.pool.fragmentation 0",
            "sophia.pool.allocations 3", "sophia.pool.frees 1", "sophia.pool.refused 1", "sophia.pool.evictions 1 reason=room", "sophia.pool.page.lifetime 25", "sophia.pool.page.idle 20",
        })
        {
            Assert.Contains(expected, told);
        }

        Assert.Contains(told, line => line.StartsWith("sophia.pool.profile ", StringComparison.Ordinal));
    }
}
