using CsCheck;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;

namespace Sophia.Tests.Gpu;

/// <summary>What the tiles of each processor path promise to the scans of many queries.</summary>
public sealed unsafe class TileKernelTests
{
    private const int Rows = IKernels.TileRows;
    private const int Lanes = IKernels.Lanes;

    public static TheoryData<string> Paths() => [.. Enum.GetValues<VectorPath>().Where(HostProcessor.Supports).Select(path => path.ToString())];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Equal_rows_have_equal_scores_to_the_bit_wherever_they_stand_in_a_tile_narrow_or_wide(string path) =>
        Gen.Select(Gen.Int, Gen.Int[1, 64]).Sample(
            (seed, lines) =>
            {
                var random = new Random(seed);
                var length = lines * 16;
                var row = Numbers(random, length);
                float[] rows = [.. Enumerable.Repeat(row, Rows + 1).SelectMany(static same => same)];
                var queries = Enumerable.Range(0, 2 * Lanes).Select(_ => Numbers(random, length)).ToArray();
                var wide = Packed(queries, length);
                var narrow = Packed(queries[..Lanes], length);
                var (wideScores, scores) = (new float[2 * Rows * Lanes], new float[Rows * Lanes]);

                Run(path, rows, wide, length, wideScores, isWide: true);
                Run(path, rows, narrow, length, scores, isWide: false);

                for (var query = 0; query < 2 * Lanes; query++)
                {
                    var exact = Enumerable.Range(0, length).Sum(i => (double)row[i] * queries[query][i]);
                    var first = wideScores[(query / Lanes * Rows * Lanes) + (query % Lanes)];
                    Assert.InRange(first, exact - (length * 1e-5), exact + (length * 1e-5));
                    for (var place = 0; place < Rows; place++)
                    {
                        Assert.Equal(first, wideScores[(query / Lanes * Rows * Lanes) + (place * Lanes) + (query % Lanes)]);
                        Assert.True(query >= Lanes || scores[(place * Lanes) + query] == first);
                    }
                }
            },
            iter: 40);

    [Theory]
    [MemberData(nameof(Paths))]
    public void The_rows_that_pass_are_those_whose_score_and_bound_reach_the_threshold(string path) =>
        Gen.Select(Gen.Int, Gen.Int[0, 2]).Sample(
            (seed, group) =>
            {
                var random = new Random(seed);
                var lane = group * Lanes;
                using var limits = new LaneLimits(3 * Lanes);
                var (sums, thresholds, most) = (new int[Lanes], new float[3 * Lanes], new double[Lanes]);
                var (scale, error) = (random.NextSingle() / 100, random.NextSingle() / 100);
                for (var i = 0; i < Lanes; i++)
                {
                    sums[i] = random.Next(-2_000_000, 2_000_000);
                    limits.Corrections[lane + i] = random.Next(-1_000_000, 1_000_000);
                    limits.Units[lane + i] = random.NextSingle() / 10_000;
                    limits.Slopes[lane + i] = 1 + random.NextSingle();
                    limits.Offsets[lane + i] = random.NextSingle() / 50;
                    most[i] = ((double)(sums[i] + limits.Corrections[lane + i]) * limits.Units[lane + i] * scale) + ((double)limits.Slopes[lane + i] * error) + limits.Offsets[lane + i];
                    thresholds[lane + i] = random.Next(4) switch { 0 => float.NegativeInfinity, 1 => float.PositiveInfinity, 2 => (float)most[i] + 1e-5f, _ => (float)most[i] - 1e-5f };
                }

                uint passing;
                fixed (int* sum = sums)
                fixed (float* threshold = thresholds)
                {
                    passing = Enum.Parse<VectorPath>(path) switch
                    {
                        VectorPath.Avx512 => Avx512Kernels.Passing(sum, limits, lane, threshold, scale, error),
                        VectorPath.Avx2 => Avx2Kernels.Passing(sum, limits, lane, threshold, scale, error),
                        _ => PortableKernels.Passing(sum, limits, lane, threshold, scale, error),
                    };
                }

                for (var i = 0; i < Lanes; i++)
                {
                    Assert.Equal(most[i] >= thresholds[lane + i], (passing >> i & 1) != 0);
                }
            },
            iter: 300);

    private static float[] Numbers(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => (random.NextSingle() * 2) - 1)];

    private static float[] Packed(float[][] queries, int length) =>
        [.. Enumerable.Range(0, length).SelectMany(i => queries.Select(query => query[i]))];

    private static void Run(string path, float[] rows, float[] packed, int length, float[] scores, bool isWide)
    {
        fixed (float* row = rows)
        fixed (float* query = packed)
        fixed (float* score = scores)
        {
            switch (Enum.Parse<VectorPath>(path), isWide)
            {
                case (VectorPath.Avx512, true): Avx512Kernels.WideTile(row, length, query, length, score); break;
                case (VectorPath.Avx512, false): Avx512Kernels.Tile(row, length, query, Lanes, length, score); break;
                case (VectorPath.Avx2, true): Avx2Kernels.WideTile(row, length, query, length, score); break;
                case (VectorPath.Avx2, false): Avx2Kernels.Tile(row, length, query, Lanes, length, score); break;
                case (_, true): PortableKernels.WideTile(row, length, query, length, score); break;
                default: PortableKernels.Tile(row, length, query, Lanes, length, score); break;
            }
        }
    }
}
