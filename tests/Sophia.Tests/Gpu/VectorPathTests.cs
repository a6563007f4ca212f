using CsCheck;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Log;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

/// <summary>Every way of scanning finds what a naive scan in double precision finds, on every path that the processor has.</summary>
public class VectorPathTests
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
    public void One_pass_for_many_queries_finds_what_single_scans_find(string path, bool certified) =>
        Gen.Select(Gen.Int, Gen.Int[1, 800], Gen.Int[1, 2_000], Gen.Int[1, 100]).Sample(
            (seed, dimensions, count, batch) =>
            {
                var random = new Random(seed);
                using var pages = new VectorPages(dimensions, Storage(path, certified));
                var keys = Enumerable.Range(0, count).Select(i => $"k{i}").ToArray();
                var rows = new List<(string Key, float[] Row)>();
                var keyOfSlot = new string?[count];
                for (var i = 0; i < count; i++)
                {
                    var vector = AnyVector(random, dimensions);
                    var slot = pages.Add(i, vector);
                    keyOfSlot[slot] = keys[i];
                    if (random.Next(10) == 0)
                    {
                        pages.Remove(slot);
                    }
                    else
                    {
                        rows.Add((keys[i], Unit(vector)));
                    }
                }

                var vectors = Enumerable.Range(0, batch).Select(_ => AnyVector(random, dimensions)).ToArray();
                var queries = vectors.Select(vector => pages.Prepare(vector)).ToArray();
                var capacities = queries.Select(_ => random.Next(1, 40)).ToArray();
                var tops = capacities.Select(capacity => new TopRows(capacity, new ChunkedRows<string?>(keys))).ToArray();

                // Some are of all rows, some of most, some of few.
                var passing = vectors.Select(_ => random.Next(3) switch { 0 => null, 1 => Passing(0.7), _ => Passing(0.05) }).ToArray();
                HashSet<string> Passing(double share) => [.. rows.Select(r => r.Key).Where(_ => random.NextDouble() < share)];
                var filters = passing.Select(keysOf => keysOf is null ? null : BitsOf(keysOf)).ToArray();
                ulong[] BitsOf(HashSet<string> keysOf)
                {
                    var bits = new ulong[(count + 63) / 64];
                    foreach (var slot in Enumerable.Range(0, count).Where(slot => keyOfSlot[slot] is { } key && keysOf.Contains(key)))
                    {
                        bits[slot / 64] |= 1UL << (slot % 64);
                    }

                    return bits;
                }

                using (var lease = pages.Take())
                {
                    BatchScan.Run(lease, queries, filters, [.. passing.Select(keysOf => keysOf?.Count ?? rows.Count)], capacities, tops, default);
                }

                for (var i = 0; i < batch; i++)
                {
                    var found = new List<(string, double)>();
                    foreach (var row in tops[i].Rows)
                    {
                        found.Add((keys[row], Cosine(Unit(vectors[i]), rows.Single(r => r.Key == keys[row]).Row)));
                    }

                    AssertIsBest([.. rows.Where(r => passing[i]?.Contains(r.Key) ?? true)], Unit(vectors[i]), capacities[i],
                        [.. found.OrderByDescending(f => f.Item2).ThenBy(f => f.Item1, StringComparer.Ordinal)]);
                    queries[i].Dispose();
                }
            },
            iter: 25);

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
                        var score = DotOf(path, lease.CodesOf(slot), query.Codes, lease.CodeStride) * (query.Scale * *lease.ScaleOf(slot));
                        var bound = (query.Slope * *lease.ErrorOf(slot)) + query.Offset;
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

    [Theory]
    [MemberData(nameof(Paths))]
    public void Products_of_8_bits_neither_saturate_nor_wrap(string path) =>
        Gen.Select(Gen.Int, Gen.Int[48, 1_000]).Sample(
            (seed, dimensions) =>
            {
                var random = new Random(seed);
                var length = (dimensions + 63) / 64 * 64;
                var vectors = Enumerable.Range(0, 16).Select(_ => random.Next(3) == 0 ? Extreme(random, dimensions) : AnyVector(random, dimensions)).ToArray();
                var (rows, queries, sums) = (new byte[8 * length], new sbyte[16][], new int[8 * 16]);
                var packed = new sbyte[16 * length];
                foreach (ref var code in rows.AsSpan())
                {
                    code = random.Next(3) switch { 0 => 1, 1 => 255, _ => (byte)random.Next(1, 256) };
                }

                for (var query = 0; query < 16; query++)
                {
                    queries[query] = new sbyte[length];
                    CoarseQuery.Encode(Padded(Unit(vectors[query]), length), queries[query]);
                    for (var i = 0; i < length; i++)
                    {
                        packed[(i / 4 * 64) + (query * 4) + (i % 4)] = queries[query][i];
                    }
                }

                CoarseTileOf(path, rows, packed, length, sums);

                for (var row = 0; row < 8; row++)
                {
                    for (var query = 0; query < 16; query++)
                    {
                        Assert.Equal(Enumerable.Range(0, length).Sum(i => rows[(row * length) + i] * queries[query][i]), sums[(row * 16) + query]);
                    }
                }
            },
            iter: 60);

    [Fact]
    public void Scores_from_8_bit_queries_are_never_further_off_than_their_bound() =>
        Gen.Select(Gen.Int, Gen.Int[48, 4_096]).Sample(
            (seed, dimensions) =>
            {
                var random = new Random(seed);
                using var pages = new VectorPages(dimensions);
                using var query = pages.Prepare(random.Next(3) == 0 ? Extreme(random, dimensions) : AnyVector(random, dimensions));
                var codes = new sbyte[pages.CodeStride];
                var coarse = CoarseQuery.Encode(query.Floats, codes);
                Assert.Equal(codes.Sum(code => code), coarse.Sum);
                for (var row = 0; row < 20; row++)
                {
                    var slot = pages.Add(row, AnyVector(random, dimensions));
                    using var lease = pages.Take();
                    var (score, bound) = CoarseScore(lease, slot, coarse, codes);
                    var exact = Dot(query.Floats.ToArray(), pages.Row(slot).ToArray());
                    Assert.InRange(score, exact - bound, exact + bound);
                }
            },
            iter: 60);

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_batch_over_thousands_of_rows_finds_what_the_naive_scan_finds(string path, bool certified) =>
        Gen.Select(Gen.Int, Gen.Int[48, 300], Gen.Int[3_000, 9_000], Gen.Int[1, 70], Gen.Int[1, 12]).Sample(
            (seed, dimensions, count, batch, special) =>
            {
                // Pages by the hundred, so that the coarse pass has thresholds to pass rows over by.
                var random = new Random(seed);
                using var pages = new VectorPages(dimensions, Storage(path, certified));
                var keys = Enumerable.Range(0, count).Select(i => $"k{i}").ToArray();
                var rows = new List<(string Key, float[] Row)>();
                for (var i = 0; i < count; i++)
                {
                    var vector = random.Next(special) == 0 ? AnyVector(random, dimensions) : ShardRecords.Vector(random, dimensions);
                    pages.Add(i, vector);
                    rows.Add((keys[i], Unit(vector)));
                }

                var vectors = Enumerable.Range(0, batch).Select(_ => random.Next(4) == 0 ? rows[random.Next(count)].Row : AnyVector(random, dimensions)).ToArray();
                var queries = vectors.Select(vector => pages.Prepare(vector)).ToArray();
                var capacities = queries.Select(_ => random.Next(1, 40)).ToArray();
                var tops = capacities.Select(capacity => new TopRows(capacity, new ChunkedRows<string?>(keys))).ToArray();
                using (var lease = pages.Take())
                {
                    BatchScan.Run(lease, queries, capacities, tops, default);
                }

                foreach (var i in new[] { 0, batch / 2, batch - 1 })
                {
                    AssertIsBest(rows, Unit(vectors[i]), capacities[i],
                        [.. tops[i].Rows.ToArray().Select(row => (keys[row], Cosine(Unit(vectors[i]), rows[row].Row))).OrderByDescending(f => f.Item2).ThenBy(f => f.Item1, StringComparer.Ordinal)]);
                }

                foreach (var query in queries)
                {
                    query.Dispose();
                }
            },
            iter: 8);

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

    private static VectorStorage Storage(string path, bool certified) => new() { Path = Enum.Parse<VectorPath>(path), IsCertified = certified };

    private static unsafe float DotOf(string path, float* row, float* query, int length) => Enum.Parse<VectorPath>(path) switch
    {
        VectorPath.Avx512 => Avx512Kernels.Dot(row, query, length),
        VectorPath.Avx2 => Avx2Kernels.Dot(row, query, length),
        _ => PortableKernels.Dot(row, query, length),
    };

    private static unsafe int DotOf(string path, sbyte* row, short* query, int length) => Enum.Parse<VectorPath>(path) switch
    {
        VectorPath.Avx512 => Avx512Kernels.Dot(row, query, length),
        VectorPath.Avx2 => Avx2Kernels.Dot(row, query, length),
        _ => PortableKernels.Dot(row, query, length),
    };

    private static unsafe void CoarseTileOf(string path, byte[] rows, sbyte[] packed, int length, int[] sums)
    {
        fixed (byte* row = rows)
        fixed (sbyte* query = packed)
        fixed (int* sum = sums)
        {
            switch (Enum.Parse<VectorPath>(path))
            {
                case VectorPath.Avx512:
                    Avx512Kernels.CoarseTile(row, query, length, sum, query);
                    break;
                case VectorPath.Avx2:
                    Avx2Kernels.CoarseTile(row, query, length, sum, query);
                    break;
                default:
                    PortableKernels.CoarseTile(row, query, length, sum, query);
                    break;
            }
        }
    }

    private static unsafe (float Score, float Bound) CoarseScore(in VectorPages.Lease lease, int slot, CoarseQuery query, sbyte[] codes)
    {
        var sum = 0;
        for (var i = 0; i < codes.Length; i++)
        {
            sum += lease.CodesOf(slot)[i] * codes[i];
        }

        return (sum * (query.Scale * *lease.ScaleOf(slot)), (query.Slope * *lease.ErrorOf(slot)) + query.Offset);
    }

    private static float[] Padded(float[] vector, int length)
    {
        Array.Resize(ref vector, length);
        return vector;
    }

    /// <summary>Of few sizes and any sign, so that codes stand at their limits, alone or four together.</summary>
    private static float[] Extreme(Random random, int dimensions)
    {
        var kinds = random.Next(1, 4);
        return [.. Enumerable.Range(0, dimensions).Select(i => (random.Next(2) == 0 ? 1f : -1f) * (i / 8 % kinds == 0 ? 1 : random.Next(2)))];
    }

    /// <summary>Random ones, and those that break scans: repeated, zero, denormal, with one large component, near another.</summary>
    private static float[] AnyVector(Random random, int dimensions)
    {
        switch (random.Next(12))
        {
            case 0:
                return new float[dimensions];
            case 1:
                return [.. Enumerable.Range(0, dimensions).Select(_ => float.Epsilon * random.Next(-3, 4))];
            case 2:
                var spike = ShardRecords.Vector(random, dimensions);
                spike[random.Next(dimensions)] = 1e20f;
                return spike;
            case 3 or 4:
                return ShardRecords.Vector(new Random(random.Next(4)), dimensions);
            case 5:
                return [.. ShardRecords.Vector(new Random(7), dimensions).Select(x => x + (float)(random.NextDouble() * 1e-6))];
            case 6:
                return [.. ShardRecords.Vector(random, dimensions).Select(x => x * float.MaxValue)];
            case 7:
                return [.. ShardRecords.Vector(random, dimensions).Select(x => x * 1e-38f)];
            case 8:
                // One unit in the last place of one component beside each other.
                var near = ShardRecords.Vector(new Random(9), dimensions);
                var at = random.Next(dimensions);
                near[at] = random.Next(2) == 0 ? MathF.BitIncrement(near[at]) : MathF.BitDecrement(near[at]);
                return near;
            case 9:
                // All of one size: the codes have no error at all.
                return [.. Enumerable.Range(0, dimensions).Select(_ => random.Next(2) == 0 ? 1f : -1f)];
            default:
                return ShardRecords.Vector(random, dimensions);
        }
    }

    private static float[] Unit(float[] vector)
    {
        var row = new float[vector.Length];
        UnitVector.Scale(vector, row);
        return row;
    }

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();

    // The length of a stored row is 1 but for rounding.
    private static double Cosine(float[] a, float[] b) => Math.Clamp(Dot(a, b), -1, 1);

    private static void AssertIsBest(List<(string Key, float[] Row)> rows, float[] query, int k, List<(string Key, double Score)> found)
    {
        const double Rounding = 1e-12;
        var scores = rows.ToDictionary(row => row.Key, row => Cosine(query, row.Row));
        var best = scores.Values.OrderDescending().Take(k).ToList();
        Assert.Equal(best.Count, found.Count);
        Assert.Equal(found.Count, found.Select(hit => hit.Key).Distinct().Count());
        for (var i = 0; i < found.Count; i++)
        {
            Assert.Equal(best[i], found[i].Score, Rounding);
            Assert.Equal(scores[found[i].Key], found[i].Score, Rounding);
            Assert.True(i == 0 || found[i - 1].Score > found[i].Score ||
                (found[i - 1].Score == found[i].Score && string.CompareOrdinal(found[i - 1].Key, found[i].Key) < 0));
        }

        // Of equal rows at the end of the list, those with the first keys are in it.
        if (found.Count == k && k < rows.Count)
        {
            var (lastKey, _) = found[^1];
            var last = rows.Single(row => row.Key == lastKey).Row;
            var kept = found.Select(hit => hit.Key).ToHashSet();
            Assert.DoesNotContain(rows, row => !kept.Contains(row.Key) && row.Row.AsSpan().SequenceEqual(last) && string.CompareOrdinal(row.Key, lastKey) < 0);
        }
    }
}
