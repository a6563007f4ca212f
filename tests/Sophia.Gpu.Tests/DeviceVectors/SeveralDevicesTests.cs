using CsCheck;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Tests.Devices;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Log;
using Sophia.Memory.Search;
using Sophia.Tests.Gpu;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>One shard on several devices, and several searches with filters of their own in one pass.</summary>
public sealed class SeveralDevicesTests
{
    private const int Dimensions = 100;

    private static float[] NewVector(Random random) => [.. Enumerable.Range(0, Dimensions).Select(_ => (float)((random.NextDouble() * 2) - 1))];

    [Fact]
    public void Every_unit_has_one_owner_and_only_those_of_a_device_that_is_out_move() =>
        Gen.Select(Gen.Int[1, 64], Gen.ULong, Gen.Int[0, 63]).Sample((devices, mask, outOf) =>
        {
            var all = devices == 64 ? ulong.MaxValue : (1UL << devices) - 1;
            var live = (mask & all) == 0 ? all : mask & all;
            var shares = new DeviceShares(devices, live);
            var counts = new int[devices];
            for (var unit = 0; unit < 4096; unit++)
            {
                var owner = shares.OwnerOf(unit);
                Assert.NotEqual(0UL, live >> owner & 1);
                counts[owner]++;
                var without = live & ~(1UL << (outOf % devices));
                if (without != 0 && owner != outOf % devices && (live >> (unit % devices) & 1) != 0)
                {
                    Assert.Equal(owner, new DeviceShares(devices, without).OwnerOf(unit));
                }
            }

            var taking = counts.Where((_, i) => (live >> i & 1) != 0).ToArray();
            Assert.True(taking.Max() - taking.Min() <= 4096 / devices + 64, $"{string.Join(' ', counts)}");
        }, iter: 200, threads: 1);

    /// <summary>Vectors come, change and go; devices fail and come back; a part has no room and is streamed.</summary>
    [Theory]
    [InlineData("int8", 2, 500)]
    [InlineData("int8", 3, 20)]
    [InlineData("float16", 3, 40)]
    [InlineData("float32", 2, 60)]
    public void The_answer_is_that_of_the_exact_scan_whichever_devices_take_part(string kind, int count, int vectorPages)
    {
        var (byDevice, all) = (0, 0);
        Gen.Select(Gen.Int[30, 300], Gen.Int[0, 1 << 20]).Sample((batch, seed) =>
        {
            var faulty = Enumerable.Range(0, count).Select(_ => new FaultyDevice()).ToArray();
            var devices = faulty.Select((device, i) => new SmallDevice(device, vectorPages + i, 300, kind)).ToArray();
            using var vectors = new VectorPages(Dimensions);
            using var index = new DeviceIndex([.. devices.Select(d => d.Scans)], vectors);
            var random = new Random(seed);
            var slots = new Dictionary<int, int>();
            var keys = Enumerable.Range(0, 3000).Select(i => $"k{i:d4}").ToArray();
            for (var (round, next) = (0, 0); round < 6; round++)
            {
                for (var i = 0; i < batch; i++)
                {
                    if (slots.Count > 0 && random.Next(4) == 0)
                    {
                        var gone = slots.Keys.ElementAt(random.Next(slots.Count));
                        vectors.Remove(slots[gone]);
                        index.Changed(slots[gone]);
                        slots.Remove(gone);
                        continue;
                    }

                    slots[next] = vectors.Add(next, NewVector(random));
                    index.Changed(slots[next++]);
                }

                // One fails in flight, or comes back.
                var sick = faulty[random.Next(count)];
                sick.FailsAt = random.Next(2) == 0 ? null : "scan";
                foreach (var device in devices)
                {
                    device.Wait(TimeSpan.FromMinutes(2));
                }

                using var pages = vectors.Take();
                for (var again = 0; again < 2; again++)
                {
                    var queries = Enumerable.Range(0, 1 + random.Next(5)).Select(_ => vectors.Prepare(NewVector(random))).ToArray();
                    var filters = queries.Select(_ => random.Next(2) == 0 ? null : slots.Where(_ => random.Next(3) > 0).Select(s => s.Value).Order().ToArray()).ToArray();
                    var asked = queries.Select((query, i) => new DeviceQuery(
                        query, filters[i] is { } some ? some : default(ReadOnlyMemory<int>?), new TopRows(7, new ChunkedRows<string?>(keys)), 7)).ToArray();
                    var answered = index.TryScan(pages, asked, default);
                    for (var i = 0; i < queries.Length; i++)
                    {
                        var expected = new TopRows(7, new ChunkedRows<string?>(keys));
                        foreach (var (row, slot) in slots.Where(s => filters[i]?.Contains(s.Value) ?? true))
                        {
                            expected.Offer(row, DotProduct.Exact(queries[i].Floats, vectors.Row(slot)));
                        }

                        all++;
                        byDevice += answered[i] ? 1 : 0;
                        Assert.Equal(answered[i] ? expected.Rows.ToArray().Order() : [], asked[i].Top.Rows.ToArray().Order());
                        queries[i].Dispose();
                    }
                }
            }

            foreach (var device in devices)
            {
                Assert.Equal(0, device.Pools[(int)PoolKind.VectorCache].Report().PinnedPages);
                Assert.Equal(0, device.Pools[(int)PoolKind.Buffer].Report().UsedPages);
            }

            index.Dispose();
            foreach (var device in devices)
            {
                device.Settle();
                Assert.Equal(0, device.Pools[(int)PoolKind.VectorCache].Report().UsedPages);
                device.Dispose();
            }
        }, iter: 3, threads: 1);

        // Chance decides which devices fail, and how often all do: most searches are theirs, but not in every run more than half.
        Assert.InRange(byDevice, all / 8, all);
    }

    [Fact]
    public void Each_device_holds_its_share_and_the_others_take_it_over_while_it_is_out()
    {
        var faulty = new FaultyDevice();
        using var one = new SmallDevice(faulty, 500, 64);
        using var other = new SmallDevice(TestDevice.Open(1 << 26), 500, 64);
        using var vectors = new VectorPages(Dimensions);
        using var index = new DeviceIndex([one.Scans, other.Scans], vectors);
        var random = new Random(1);
        var keys = Enumerable.Range(0, 2000).Select(i => $"{i:d4}").ToArray();
        for (var row = 0; row < keys.Length; row++)
        {
            index.Changed(vectors.Add(row, NewVector(random)));
        }

        bool Search()
        {
            using var query = vectors.Prepare(NewVector(random));
            using var pages = vectors.Take();
            return index.TryScan(pages, query, null, new TopRows(3, new ChunkedRows<string?>(keys)), 3, default);
        }

        int UsedOf(SmallDevice device) => device.Pools[(int)PoolKind.VectorCache].Report().UsedPages;
        Assert.True(Search());
        var (first, second) = (UsedOf(one), UsedOf(other));
        Assert.True(first > 0 && second > 0 && Math.Abs(first - second) <= first / 2, $"{first}, {second}");

        faulty.FailsAt = "scan";
        Assert.False(Search());
        Assert.True(Search());
        Assert.Equal(first + second, UsedOf(other));
        Assert.NotNull(one.Scans.Gate.Failure);

        faulty.FailsAt = null;
        one.Wait(TimeSpan.FromSeconds(1));
        Assert.True(Search());
        Assert.Equal((first, second), (UsedOf(one), UsedOf(other)));
    }

    [Fact]
    public void Searches_with_different_filters_are_answered_in_one_pass_and_each_by_its_own()
    {
        var counted = new FaultyDevice();
        using var device = new SmallDevice(counted, 500, 64);
        using var shard = new HostShardEngine(devices: [device.Scans]).Create(ShardRecords.Namespace(Dimensions));
        using var host = new HostShardEngine().Create(ShardRecords.Namespace(Dimensions));
        var random = new Random(5);
        for (var number = 1; number <= 600; number++)
        {
            foreach (var each in new[] { shard, host })
            {
                each.Put(ShardRecords.Record($"k{number}", number, "", ShardRecords.Vector(new Random(number), Dimensions), "", [$"t{number % 7}", number % 2 == 0 ? "even" : "odd"]));
            }
        }

        RecordFilter?[] filters = [null, new() { AllTags = ["even"] }, new() { AllTags = ["t3"] }, new() { AnyTags = ["t1", "t2"] }, new() { AllTags = ["even"] }];
        var queries = filters.Select(filter => new ShardQuery
        {
            Text = "", Vector = ShardRecords.Vector(random, Dimensions), Mode = SearchMode.Vector, K = 5, Filter = filter, Now = DateTimeOffset.UnixEpoch.AddYears(60),
        }).ToArray();

        var together = shard.Search(queries, default);

        Assert.Equal([filters.Length], counted.Batches);
        for (var i = 0; i < queries.Length; i++)
        {
            var alone = host.Search(queries[i], default);
            Assert.Equal(alone.Hits.Select(h => (h.Key, h.Score)), together[i].Hits.Select(h => (h.Key, h.Score)));
            Assert.Equal((alone.RowsMatching, alone.RowsScanned), (together[i].RowsMatching, together[i].RowsScanned));
            Assert.Equal(alone.FilterNotes, together[i].FilterNotes);
        }
    }
}
