using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;

namespace Sophia.Tests.Gpu;

/// <summary>What the tests are made of.</summary>
public partial class VectorPathTests
{
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

    private static double Dot(float[] a, float[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += (double)a[i] * b[i];
        }

        return sum;
    }

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
