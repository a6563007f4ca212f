using System.Globalization;

namespace Sophia.Bench.Gpu;

/// <summary>What the program was asked for.</summary>
/// <param name="OnCpu">ILGPU's CPU accelerator instead of a GPU, at small sizes: it shows that the program is right, and measures nothing.</param>
/// <param name="Rows">Of each measure; fewer where the device's memory does not take them.</param>
/// <param name="PoolBytes">The vector cache's size for the measure of a whole pool; 0: a fifth of the device.</param>
internal sealed record Arguments(bool OnCpu, int Device, int Rows, int Dimensions, int Best, int Repeats, long PoolBytes, string? Json)
{
    public const string Usage =
        "usage: sophia-bench-gpu [--cpu] [--device N] [--rows N] [--dimensions N] [--best K] [--repeats N] [--pool-bytes N] [--json FILE]\n" +
        "  Scans of vectors on an NVIDIA GPU against the bandwidth of its memory. Needs the driver and nothing else.\n" +
        "  --cpu    ILGPU's CPU accelerator at small sizes: to see that it works, not how fast.";

    public static Arguments Read(string[] args)
    {
        var onCpu = args.Contains("--cpu");
        var read = new Arguments(onCpu, 0, onCpu ? 2_000 : 10_000_000, onCpu ? 64 : 768, 10, onCpu ? 1 : 30, 0, null);
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--cpu")
            {
                continue;
            }

            var value = i + 1 < args.Length ? args[i + 1] : throw new ArgumentException($"{args[i]} has no value.");
            read = args[i++] switch
            {
                "--device" => read with { Device = (int)Number(value, 0, 1024) },
                "--rows" => read with { Rows = (int)Number(value, 64, 1_000_000_000) },
                "--dimensions" => read with { Dimensions = (int)Number(value, 1, 4096) },
                "--best" => read with { Best = (int)Number(value, 1, 10_000) },
                "--repeats" => read with { Repeats = (int)Number(value, 1, 10_000) },
                "--pool-bytes" => read with { PoolBytes = Number(value, 1 << 20, long.MaxValue) },
                "--json" => read with { Json = value },
                _ => throw new ArgumentException($"{args[i - 1]} is not known."),
            };
        }

        return read;
    }

    private static long Number(string text, long least, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number : throw new ArgumentException($"'{text}' is no whole number from {least} to {most}.");
}
