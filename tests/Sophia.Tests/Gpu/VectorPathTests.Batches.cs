using CsCheck;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;

namespace Sophia.Tests.Gpu;

/// <summary>Many queries in one pass.</summary>
public partial class VectorPathTests
{
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

        return (sum * (query.Scale * lease.BoundOf(slot)->Scale), (query.Slope * lease.BoundOf(slot)->Error) + query.Offset);
    }
}
