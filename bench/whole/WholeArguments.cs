using System.Globalization;
using Sophia.Gpu.Pools;

namespace Sophia.Bench.Whole;

/// <summary>What the command line says.</summary>
internal sealed record WholeArguments
{
    public const string Usage =
        "Sophia.Bench.Whole [--device cuda|host] [--rows int8|float16|float32] [--dimensions N] [--records N] [--shard-records N]\n" +
        "    [--vector-bytes N] [--models-bytes N] [--buffer-bytes N] [--searches N] [--json FILE]\n" +
        "Without --records as many as the GPUs' vector cache takes, or the machine's memory; on the host 200,000.\n" +
        "Sizes of pools are the profile's unless they are given.";

    public string Device { get; init; } = "cuda";

    public string Rows { get; init; } = "int8";

    public int Dimensions { get; init; } = 768;

    public long? Records { get; init; }

    /// <summary>As Sophia:Cluster:ShardRecords has it.</summary>
    public long ShardRecords { get; init; } = 1_000_000;

    public long? VectorBytes { get; init; }

    public long? ModelsBytes { get; init; }

    public long? BufferBytes { get; init; }

    public int Searches { get; init; } = 2_000;

    public string? Json { get; init; }

    public PoolOptions Pools => new()
    {
        Device = Device, Node = "bench", VectorRows = Rows, VectorCacheBytes = VectorBytes, ModelsBytes = ModelsBytes, BufferBytes = BufferBytes,
    };

    /// <exception cref="ArgumentException">An argument is not known, or its value cannot be.</exception>
    public static WholeArguments Read(ReadOnlySpan<string> args)
    {
        var read = new WholeArguments();
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new ArgumentException($"{args[i]} wants a value.");
            read = args[i] switch
            {
                "--device" => read with { Device = OneOf(value, "cuda", "host") },
                "--rows" => read with { Rows = OneOf(value, "int8", "float16", "float32") },
                "--dimensions" => read with { Dimensions = (int)Number(value, 32, 4_096) },
                "--records" => read with { Records = Number(value, 1_000, 1_000_000_000) },
                "--shard-records" => read with { ShardRecords = Number(value, 1_000, 1_000_000_000) },
                "--vector-bytes" => read with { VectorBytes = Number(value, 1, long.MaxValue) },
                "--models-bytes" => read with { ModelsBytes = Number(value, 1, long.MaxValue) },
                "--buffer-bytes" => read with { BufferBytes = Number(value, 1, long.MaxValue) },
                "--searches" => read with { Searches = (int)Number(value, 20, 1_000_000) },
                "--json" => read with { Json = value },
                _ => throw new ArgumentException($"{args[i]} is not known."),
            };
        }

        return read;
    }

    private static string OneOf(string value, params string[] allowed) =>
        allowed.Contains(value) ? value : throw new ArgumentException($"'{value}' is none of {string.Join(", ", allowed)}.");

    private static long Number(string text, long least, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number : throw new ArgumentException($"'{text}' is no whole number from {least} to {most}.");
}
