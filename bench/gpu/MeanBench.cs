using System.Globalization;
using System.Runtime.InteropServices;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Bench.Gpu;

/// <summary>Means of the rows of a token matrix, as static models make vectors of texts: from the ids on the host to the means there.</summary>
internal static class MeanBench
{
    private const int MostRows = 100_000;

    /// <summary>Texts have one token to twice this less one, the first has none.</summary>
    private const int MeanTokens = 32;

    /// <summary>Of the mean of the components' magnitudes: their sum may be near zero.</summary>
    private const double Tolerance = 1e-5;

    public static void Run(IlgpuDevice device, Arguments arguments, Report report)
    {
        var (rows, width) = (Math.Min(arguments.Rows, MostRows), arguments.Dimensions);
        var matrix = new float[rows * width];
        Parallel.For(0, rows, row =>
        {
            foreach (ref var component in matrix.AsSpan(row * width, width))
            {
                component = (Random.Shared.NextSingle() * 2) - 1;
            }
        });
        using var memory = device.Reserve((long)matrix.Length * sizeof(float));
        memory.Write(0, MemoryMarshal.AsBytes<float>(matrix));

        // As many as a call has by default, and as many as keep a device busy.
        foreach (var texts in arguments.OnCpu ? [16] : (int[])[64, 1024])
        {
            report.Try($"means of {texts} texts", () => Measure(device, arguments, memory, matrix, texts, report));
        }
    }

    private static void Measure(IlgpuDevice device, Arguments arguments, IDeviceMemory memory, float[] matrix, int texts, Report report)
    {
        var width = arguments.Dimensions;
        var rows = matrix.Length / width;
        var ends = new int[texts];
        for (var text = 1; text < texts; text++)
        {
            ends[text] = ends[text - 1] + Random.Shared.Next(1, 2 * MeanTokens);
        }

        var ids = Enumerable.Range(0, ends[^1]).Select(_ => Random.Shared.Next(rows)).ToArray();
        var means = new float[texts * width];
        var times = report.Time(() => device.MeanRows(memory, 0, width, ids, ends, means));
        var bytes = (long)ids.Length * width * sizeof(float);
        report.Add(new Line($"means of {texts} texts", rows, width, bytes, times, null, null, Compare(matrix, width, ids, ends, means)));
        if (!arguments.OnCpu)
        {
            report.Note(string.Create(CultureInfo.InvariantCulture, $"Means of {texts} texts at a time: {texts / times.Median.TotalSeconds:N0} texts/s, of {(double)ids.Length / texts:F0} tokens each."));
        }
    }

    /// <summary>Null when each mean is what double precision makes of it; otherwise which is not.</summary>
    private static string? Compare(float[] matrix, int width, int[] ids, int[] ends, float[] means)
    {
        for (var (text, from) = (0, 0); text < ends.Length; from = ends[text++])
        {
            for (var component = 0; component < width; component++)
            {
                var (sum, magnitudes, tokens) = (0.0, 0.0, Math.Max(1, ends[text] - from));
                for (var at = from; at < ends[text]; at++)
                {
                    double value = matrix[(ids[at] * width) + component];
                    (sum, magnitudes) = (sum + value, magnitudes + Math.Abs(value));
                }

                var mean = means[(text * width) + component];
                if (!(Math.Abs(mean - (sum / tokens)) <= Tolerance * magnitudes / tokens))
                {
                    return $"component {component} of text {text} is {mean}; it is {sum / tokens}";
                }
            }
        }

        return null;
    }
}
