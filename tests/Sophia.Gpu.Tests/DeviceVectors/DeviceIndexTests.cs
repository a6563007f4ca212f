using CsCheck;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Tests.Devices;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>A shard's vectors on a device, beside a scan of all in double precision.</summary>
public sealed class DeviceIndexTests
{
    private static float[] NewVector(Random random, int dimensions) => random.Next(12) switch
    {
        0 => new float[dimensions],
        1 => [.. Enumerable.Range(0, dimensions).Select(i => i == 0 ? 1f : float.Epsilon * random.Next(100))],
        2 => [.. Enumerable.Repeat(1f, dimensions)],
        _ => [.. Enumerable.Range(0, dimensions).Select(_ => (float)((random.NextDouble() * 2) - 1))],
    };

    /// <summary>Vectors come, change and go between the searches; of some sizes a part of them has no room on the device.</summary>
    [Theory]
    [InlineData("int8", 1000, 64)]
    [InlineData("int8", 20, 64)]
    [InlineData("int8", 0, 200)]
    [InlineData("float16", 40, 64)]
    [InlineData("float32", 40, 200)]
    public void The_answer_is_that_of_the_exact_scan(string kind, int vectorPages, int bufferPages)
    {
        var (byDevice, all) = (0, 0);
        Gen.Select(Gen.Int[1, 130], Gen.Int[1, 400], Gen.Int[0, 1 << 20]).Sample((dimensions, batch, seed) =>
        {
            using var device = new SmallDevice(TestDevice.Open(1 << 26), Math.Max(vectorPages, 1), bufferPages, kind);
            using var vectors = new VectorPages(dimensions);
            using var index = device.Scans.Index(vectors);
            var random = new Random(seed);
            var slots = new Dictionary<int, int>();
            var keys = Enumerable.Range(0, 5000).Select(i => $"k{(i * 7919) % 5000:d4}").ToArray();
            for (var (round, next) = (0, 0); round < 3; round++)
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

                    slots[next] = vectors.Add(next, NewVector(random, dimensions));
                    index.Changed(slots[next++]);
                }

                var filtered = random.Next(2) == 0 ? null : slots.Where(_ => random.Next(3) > 0).Select(s => s.Value).Order().ToArray();
                var k = 1 + random.Next(Math.Max(slots.Count, 1));
                using var query = vectors.Prepare(NewVector(random, dimensions));
                using var pages = vectors.Take();
                var (top, expected) = (new TopRows(k, new ChunkedRows<string?>(keys)), new TopRows(k, new ChunkedRows<string?>(keys)));
                foreach (var (row, slot) in slots.Where(s => filtered is null || filtered.Contains(s.Value)))
                {
                    expected.Offer(row, DotProduct.Exact(query.Floats, vectors.Row(slot)));
                }

                all++;
                if (index.TryScan(pages, query, filtered is null ? default(ReadOnlyMemory<int>?) : filtered, top, k, default))
                {
                    byDevice++;
                    Assert.Equal(expected.Rows.ToArray().Order(), top.Rows.ToArray().Order());
                }
                else
                {
                    Assert.Equal(0, top.Count);
                }
            }
        }, iter: 8, threads: 1);

        // Chance decides how many rows are asked for: of nearly all of a few the host answers.
        Assert.InRange(byDevice, all / 8, all);
    }

    [Theory]
    [InlineData(768)]
    [InlineData(4096)]
    public void Long_vectors_are_searched_like_short_ones(int dimensions)
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 100, 300);
        using var vectors = new VectorPages(dimensions);
        using var index = device.Scans.Index(vectors);
        var random = new Random(dimensions);
        var keys = Enumerable.Range(0, 150).Select(i => $"{i:d3}").ToArray();
        var expected = new TopRows(3, new ChunkedRows<string?>(keys));
        using var query = vectors.Prepare(NewVector(random, dimensions));
        for (var row = 0; row < 150; row++)
        {
            var slot = vectors.Add(row, NewVector(random, dimensions));
            index.Changed(slot);
            expected.Offer(row, DotProduct.Exact(query.Floats, vectors.Row(slot)));
        }

        using var pages = vectors.Take();
        var top = new TopRows(3, new ChunkedRows<string?>(keys));
        Assert.True(index.TryScan(pages, query, null, top, 3, default));
        Assert.Equal(expected.Rows.ToArray().Order(), top.Rows.ToArray().Order());
    }

    [Fact]
    public void Of_more_vectors_than_the_pool_takes_a_part_stays_and_the_rest_is_streamed_each_time()
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 20, 64);
        using var meters = new Counted(device, "sophia.vector.device.streamed", "sophia.vector.device.uploaded");
        using var full = new Filled(device, 600, 100);

        Assert.True(full.Search());
        var (streamed, uploaded) = (meters["sophia.vector.device.streamed"], meters["sophia.vector.device.uploaded"]);
        Assert.True(streamed > 0 && uploaded > 0);
        Assert.True(full.Search());

        Assert.Equal(2 * streamed, meters["sophia.vector.device.streamed"]);
        Assert.Equal(uploaded, meters["sophia.vector.device.uploaded"]);
        Assert.Equal(0, device.Pools[(int)PoolKind.Buffer].Report().UsedPages);
        Assert.Equal(0, device.Pools[(int)PoolKind.VectorCache].Report().PinnedPages);
    }

    [Fact]
    public void A_search_asks_the_pool_no_more_once_it_has_no_room()
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 100, 200);
        using var meters = new Counted(device, "sophia.vector.device.streamed");

        // Seven units, of which the pool takes one.
        using var full = new Filled(device, 400, 4096);

        Assert.True(full.Search());
        var vectors = device.Pools[(int)PoolKind.VectorCache].Report();
        Assert.True(meters["sophia.vector.device.streamed"] > 5 * vectors.UsedBytes);
        Assert.Equal((1, 1), (vectors.Allocations, vectors.Refused));
    }

    [Fact]
    public void A_shard_that_is_asked_more_often_takes_the_place_of_one_that_is_not()
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 20, 64);
        using var seldom = new Filled(device, 300, 100);
        using var often = new Filled(device, 300, 100);
        Assert.True(seldom.Search());
        using (var meters = new Counted(device, "sophia.vector.device.streamed"))
        {
            for (var i = 0; i < 6; i++)
            {
                Assert.True(often.Search());
            }

            var before = meters["sophia.vector.device.streamed"];
            Assert.True(often.Search());
            Assert.Equal(before, meters["sophia.vector.device.streamed"]);
        }

        Assert.Contains(device.Pools[(int)PoolKind.VectorCache].Report().Evictions, e => e.Reason == "a shard of more use" && e.Count > 0);
        Assert.True(seldom.Search());
    }

    /// <summary>For the five best 69 candidates are asked for.</summary>
    [Theory]
    [InlineData(68, 0)]
    [InlineData(69, 1)]
    public void A_search_that_wants_more_candidates_than_a_device_takes_is_the_hosts_from_the_first(int most, int scans)
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64, mostCandidates: most);
        using var full = new Filled(device, 300, 100);

        Assert.Equal(scans > 0, full.Search());
        Assert.Equal(scans, faulty.Scans);
    }

    [Fact]
    public void Room_for_two_units_is_enough_to_stream_two()
    {
        // A unit takes 18 pages, the pool none of the two.
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 1, 36);
        using var full = new Filled(device, 600, 100);
        Assert.True(full.Search());
    }

    [Fact]
    public void Without_room_to_stream_the_host_answers()
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 2, 1);
        using var full = new Filled(device, 600, 100);
        Assert.False(full.Search());
    }

    [Fact]
    public void A_shard_that_goes_gives_its_pages_back()
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 1000, 64);
        using (var full = new Filled(device, 600, 100))
        {
            Assert.True(full.Search());
            Assert.True(device.Pools[(int)PoolKind.VectorCache].Report().UsedPages > 0);
        }

        device.Settle();
        Assert.Equal(0, device.Pools[(int)PoolKind.VectorCache].Report().UsedPages);
    }

    /// <summary>Their codes differ less than the bound is wide: among the candidates the best row may be missing, and that must be seen.</summary>
    [Fact]
    public void Rows_closer_to_each_other_than_the_bound_are_never_taken_for_the_best_in_error()
    {
        var handedBack = 0;
        for (var seed = 0; seed < 6; seed++)
        {
            var random = new Random(seed);
            using var device = new SmallDevice(TestDevice.Open(1 << 26), 1000, 64);
            using var vectors = new VectorPages(64);
            using var index = device.Scans.Index(vectors);
            var keys = Enumerable.Range(0, 700).Select(i => $"{i:d4}").ToArray();
            var expected = new TopRows(1, new ChunkedRows<string?>(keys));
            using var query = vectors.Prepare(NewVector(new Random(seed + 100), 64).Select(x => x + 0.5f).ToArray());
            for (var row = 0; row < keys.Length; row++)
            {
                var slot = vectors.Add(row, [.. query.Floats[..64].ToArray().Select(x => x + (float)((random.NextDouble() - 0.5) * 1e-3))]);
                index.Changed(slot);
                expected.Offer(row, DotProduct.Exact(query.Floats, vectors.Row(slot)));
            }

            using var pages = vectors.Take();
            var top = new TopRows(1, new ChunkedRows<string?>(keys));
            var answered = index.TryScan(pages, query, null, top, 1, default);
            handedBack += answered ? 0 : 1;
            Assert.Equal(answered ? expected.Rows.ToArray() : [], top.Rows.ToArray());
        }

        Assert.True(handedBack > 0, "No scan left a doubt: the rows are too far apart for this test.");
    }

    [Fact]
    public async Task Searches_that_wait_for_one_are_answered_together()
    {
        const int Others = 7;
        var counted = new FaultyDevice();
        using var device = new SmallDevice(counted, 1000, 64);
        using var full = new Filled(device, 300, 100);
        using var begun = new ManualResetEventSlim();
        counted.Beginning = () =>
        {
            // The first one goes on when the others wait.
            begun.Set();
            Assert.True(SpinWait.SpinUntil(() => counted.Batches.Count > 1 || full.Waiting == Others, TimeSpan.FromSeconds(60)));
        };
        var first = Task.Run(() => full.Search(1));
        Assert.True(begun.Wait(TimeSpan.FromSeconds(60)));
        var others = Enumerable.Range(2, Others).Select(seed => Task.Factory.StartNew(() => full.Search(seed), default, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();

        Assert.True(await first);
        Assert.All(await Task.WhenAll(others), Assert.True);
        Assert.Equal([1, Others], counted.Batches);
        Assert.Equal(0, full.Waiting);
    }

    [Fact]
    public async Task An_error_is_told_to_all_who_waited_for_it()
    {
        var faulty = new FaultyDevice();
        using var device = new SmallDevice(faulty, 1000, 64);
        using var full = new Filled(device, 300, 100);
        using var begun = new ManualResetEventSlim();
        faulty.Beginning = () =>
        {
            begun.Set();
            Assert.True(SpinWait.SpinUntil(() => faulty.Batches.Count > 1 || full.Waiting == 3, TimeSpan.FromSeconds(60)));
            faulty.FailsAt = faulty.Batches.Count > 1 ? "finish" : null;
        };
        var first = Task.Run(() => full.Search(1));
        Assert.True(begun.Wait(TimeSpan.FromSeconds(60)));
        var others = Enumerable.Range(2, 3).Select(seed => Task.Factory.StartNew(() => full.Search(seed), default, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();

        Assert.True(await first);
        Assert.All(await Task.WhenAll(others), Assert.False);
        Assert.NotNull(device.Scans.Gate.Failure);
    }
}
