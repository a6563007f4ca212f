using CsCheck;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Log;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

/// <summary>Every way of scanning finds what a naive scan in double precision finds, on every path that the processor has.</summary>
public partial class VectorPathTests
{
    public static TheoryData<string, bool> Ways()
    {
        var ways = new TheoryData<string, bool>();
        foreach (var path in Enum.GetValues<VectorPath>().Where(HostProcessor.Supports))
        {
            ways.Add(path.ToString(), true);
            ways.Add(path.ToString(), false);
        }

        return ways;
    }

    public static TheoryData<string> Paths() => [.. Enum.GetValues<VectorPath>().Where(HostProcessor.Supports).Select(path => path.ToString())];

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_shard_finds_what_the_naive_scan_finds(string path, bool certified) =>
        Gen.Select(Gen.Int, Gen.OneOf(Gen.Int[1, 130], Gen.Int[1, 4_096]), Gen.Int[1, 300], Gen.Double[0, 1]).Sample(
            (seed, dimensions, operations, share) =>
            {
                var random = new Random(seed);
                using var shard = new HostShard(ShardRecords.Namespace(dimensions).Settings, Storage(path, certified));
                var truth = new Dictionary<string, (float[] Row, bool Tagged)>();
                for (var number = 1; number <= operations; number++)
                {
                    var key = $"k{random.Next(operations)}";
                    if (random.Next(5) == 0)
                    {
                        shard.Remove(ShardRecords.IdOf(key), Sequence.Of(0, number));
                        truth.Remove(key);
                        continue;
                    }

                    var vector = AnyVector(random, dimensions);
                    var tagged = random.Next(3) == 0;
                    shard.Put(ShardRecords.Record(key, number, "", vector, "", tagged ? ["x"] : []));
                    truth[key] = (Unit(vector), tagged);
                }

                var query = AnyVector(random, dimensions);
                foreach (var filtered in new[] { false, true })
                {
                    var rows = truth.Where(row => !filtered || row.Value.Tagged).Select(row => (row.Key, row.Value.Row)).ToList();
                    // From 1 to all of them, and one more.
                    var k = 1 + (int)Math.Round(share * rows.Count);
                    var answer = shard.Near(query, k, filtered ? new RecordFilter { AllTags = ["x"] } : null);
                    Assert.Equal(rows.Count, answer.RowsMatching);
                    AssertIsBest(rows, Unit(query), k, [.. answer.Hits.Select(hit => (hit.Key, hit.Score))]);
                }
            },
            iter: 60);

    [Theory]
    [MemberData(nameof(Ways))]
    public unsafe void Scores_from_codes_are_never_further_off_than_their_bound(string path, bool certified) =>
        Gen.Select(Gen.Int, Gen.Int[48, 4_096]).Sample(
            (seed, dimensions) =>
            {
                var random = new Random(seed);
                using var pages = new VectorPages(dimensions, Storage(path, certified));
                using var query = pages.Prepare(AnyVector(random, dimensions));
                var lease = pages.Take();
                for (var row = 0; row < 20; row++)
                {
                    var slot = pages.Add(row, AnyVector(random, dimensions));
                    lease.Dispose();
                    lease = pages.Take();
                    var exact = Dot(query.Floats.ToArray(), pages.Row(slot).ToArray());
                    var single = DotOf(path, lease.OriginalOf(slot), query.Pointer, lease.Stride);
                    Assert.InRange(single, exact - query.FloatBound, exact + query.FloatBound);
                    if (certified)
                    {
                        var score = DotOf(path, lease.CodesOf(slot), query.Codes, lease.CodeStride) * (query.Scale * lease.BoundOf(slot)->Scale);
                        var bound = (query.Slope * lease.BoundOf(slot)->Error) + query.Offset;
                        Assert.InRange(score, exact - bound, exact + bound);
                    }
                }

                lease.Dispose();
            },
            iter: 60);

    [Fact]
    public void Rows_closer_than_the_codes_can_tell_are_left_to_float32()
    {
        using var pages = new VectorPages(256);
        var random = new Random(4);
        var centre = ShardRecords.Vector(random, 256);
        var keys = Enumerable.Range(0, 4_000).Select(i => $"k{i:0000}").ToArray();
        var rows = new List<(string, float[])>();
        for (var i = 0; i < keys.Length; i++)
        {
            var vector = centre.Select(x => x + (1e-5f * (float)random.NextDouble())).ToArray();
            pages.Add(i, vector);
            rows.Add((keys[i], Unit(vector)));
        }

        using var query = pages.Prepare(centre);
        using var lease = pages.Take();
        var top = new TopRows(10, new ChunkedRows<string?>(keys));

        Assert.Equal(ScanKind.TakenOver, VectorScan.Run(lease, query, null, top, 10, default));
        AssertIsBest(rows, Unit(centre), 10,
            [.. top.Rows.ToArray().Select(row => (keys[row], Cosine(Unit(centre), rows[row].Item2))).OrderByDescending(f => f.Item2).ThenBy(f => f.Item1, StringComparer.Ordinal)]);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Thousands_of_rows_made_to_break_the_bound_are_ordered_as_by_the_naive_scan(string path, bool certified) =>
        Gen.Select(Gen.Int, Gen.Int[48, 400], Gen.Int[1_000, 4_000], Gen.Int[1, 30]).Sample(
            (seed, dimensions, count, capacity) =>
            {
                var random = new Random(seed);
                using var pages = new VectorPages(dimensions, Storage(path, certified));
                var keys = Enumerable.Range(0, count).Select(i => $"k{i}").ToArray();
                var rows = new List<(string Key, float[] Row)>();
                var special = random.Next(1, 20);
                for (var i = 0; i < count; i++)
                {
                    var vector = random.Next(special) == 0 ? AnyVector(random, dimensions) : ShardRecords.Vector(random, dimensions);
                    pages.Add(i, vector);
                    rows.Add((keys[i], Unit(vector)));
                }

                // Half of the queries are rows themselves: their neighbours differ by units in the last place.
                var asked = random.Next(2) == 0 ? rows[random.Next(count)].Row : AnyVector(random, dimensions);
                using var query = pages.Prepare(asked);
                using var lease = pages.Take();
                var top = new TopRows(capacity, new ChunkedRows<string?>(keys));
                VectorScan.Run(lease, query, null, top, capacity, default);

                Assert.Equal(0, top.Lost);
                AssertIsBest(rows, Unit(asked), capacity,
                    [.. top.Rows.ToArray().Select(row => (keys[row], Cosine(Unit(asked), rows[row].Row))).OrderByDescending(f => f.Item2).ThenBy(f => f.Item1, StringComparer.Ordinal)]);
            },
            iter: 30);

    [Fact]
    public void A_row_that_goes_or_grows_worse_before_it_is_scored_again_counts_as_lost()
    {
        using var pages = new VectorPages(64);
        var random = new Random(3);
        var vectors = Enumerable.Range(0, 4).Select(_ => ShardRecords.Vector(random, 64)).ToArray();
        var slots = vectors.Select((vector, row) => pages.Add(row, vector)).ToArray();
        using var query = pages.Prepare(vectors[0]);
        using var lease = pages.Take();
        using var certain = new CertainRows(4, int.MaxValue);
        foreach (var slot in slots)
        {
            var score = (float)DotProduct.Exact(query.Floats, pages.Row(slot));
            certain.Offer(slot, score - query.FloatBound, score + query.FloatBound);
        }

        // The next slot to be used is the one that was freed last.
        pages.Remove(slots[0]);
        pages.Add(0, vectors[0].Select(x => -x).ToArray());
        pages.Remove(slots[1]);
        var top = new TopRows(4, new ChunkedRows<string?>(new string?[4]));
        VectorScan.Rescore(lease, query, certain, top);

        Assert.Equal(2, top.Lost);
        Assert.Equal([0, 2, 3], top.Rows.ToArray().Order());
    }

    [Fact]
    public async Task A_search_beside_a_writer_that_takes_the_best_rows_away_misses_none_of_the_others()
    {
        const int Dimensions = 64;
        const int Others = 30_000;
        const int Coming = 200;
        var random = new Random(8);
        using var shard = ShardRecords.Shard(Dimensions);
        var query = ShardRecords.Vector(random, Dimensions);
        var others = new List<(string Key, double Score)>();
        for (var i = 0; i < Others; i++)
        {
            var vector = ShardRecords.Vector(random, Dimensions);
            shard.Put(ShardRecords.Record($"k{i}", 1, "", vector));
            others.Add(($"k{i}", ShardRecords.Cosine(query, vector)));
        }

        var best = others.OrderByDescending(other => other.Score).Take(10).Select(other => other.Key).ToArray();
        var near = Enumerable.Range(0, Coming).Select(_ => query.Select(x => x + (0.05f * (float)random.NextDouble())).ToArray()).ToArray();
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(() =>
        {
            for (long number = 2; !stop.IsCancellationRequested; number++)
            {
                var i = (int)(number % Coming);
                if (number / Coming % 2 == 0)
                {
                    shard.Put(ShardRecords.Record($"c{i}", number, "", near[i]));
                }
                else
                {
                    shard.Remove(ShardRecords.IdOf($"c{i}"), Sequence.Of(0, number));
                }
            }
        });
        try
        {
            for (var round = 0; round < 600; round++)
            {
                var keys = shard.Near(query, 10).Keys();
                Assert.Equal(10, keys.Length);
                var found = keys.Where(key => key[0] == 'k').ToArray();
                Assert.Equal(best[..found.Length], found);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await writer;
        }
    }

    [Fact]
    public void Random_rows_are_certain_by_their_codes()
    {
        using var pages = new VectorPages(256);
        var random = new Random(4);
        var keys = Enumerable.Range(0, 20_000).Select(i => $"k{i}").ToArray();
        for (var i = 0; i < keys.Length; i++)
        {
            pages.Add(i, ShardRecords.Vector(random, 256));
        }

        using var query = pages.Prepare(ShardRecords.Vector(random, 256));
        using var lease = pages.Take();

        Assert.Equal(ScanKind.Certified, VectorScan.Run(lease, query, null, new TopRows(10, new ChunkedRows<string?>(keys)), 10, default));
        Assert.Equal(ScanKind.Float32, VectorScan.Run(lease, query, null, new TopRows(9_000, new ChunkedRows<string?>(keys)), 9_000, default));
    }
}
