using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Sophia.Bench.Reporting;

/// <summary>Two limits of the machine that the figures can be held against: memory bandwidth and the disk's sync.</summary>
internal static class Calibration
{
    public static void Run(Report report, string dataDirectory)
    {
        report.Begin("calibration");
        report.Add("SIMD sum of 256 MiB, one core", Bandwidth(1), "GB/s", note: "best of 7");
        report.Add("SIMD sum of 256 MiB, all cores", Bandwidth(Environment.ProcessorCount), "GB/s", note: "best of 7");
        var syncs = Syncs(Path.Combine(dataDirectory, "sync-probe"));
        report.Add("append 4 KiB and fsync, median", Statistics.Quantile(syncs, 0.5), "ms", note: "200 times, in the data directory");
        report.Add("append 4 KiB and fsync, p99", Statistics.Quantile(syncs, 0.99), "ms");
    }

    private static double Bandwidth(int cores)
    {
        var numbers = new float[64 << 20];
        Array.Fill(numbers, 1);
        var best = double.MaxValue;
        for (var round = 0; round < 7; round++)
        {
            var sums = new float[cores];
            var started = Stopwatch.GetTimestamp();
            Parallel.For(0, cores, core => sums[core] = Sum(numbers.AsSpan(numbers.Length / cores * core, numbers.Length / cores)));
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalSeconds);
            if (sums.Any(sum => sum <= 0))
            {
                throw new InvalidOperationException("The sum of ones is not positive.");
            }
        }

        return numbers.Length * (double)sizeof(float) / best / 1e9;
    }

    private static float Sum(ReadOnlySpan<float> numbers)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(numbers);
        Vector<float> a = default, b = default, c = default, d = default;
        for (var i = 0; i + 3 < vectors.Length; i += 4)
        {
            a += vectors[i];
            b += vectors[i + 1];
            c += vectors[i + 2];
            d += vectors[i + 3];
        }

        return Vector.Sum(a + b + c + d);
    }

    private static double[] Syncs(string path)
    {
        var block = new byte[4096];
        Random.Shared.NextBytes(block);
        var times = new double[200];
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
        {
            for (var i = 0; i < times.Length; i++)
            {
                var started = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, block, i * (long)block.Length);
                RandomAccess.FlushToDisk(file);
                times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }
        }

        File.Delete(path);
        Array.Sort(times);
        return times;
    }
}
