using System.Globalization;

namespace Sophia.Memory;

/// <summary>How much memory of any kind the process can have, and who says so.</summary>
/// <param name="Of">For people, the beginning of a sentence that goes on with the bytes.</param>
public sealed record MemoryLimit(long Bytes, string Of)
{
    private const string Machine = "this machine has";
    private const string Container = "this process's container is limited to";

    /// <summary>The control group's limit, as version 2 and version 1 have it, or the machine's memory, whichever is less.</summary>
    /// <param name="root">Where the system's files are.</param>
    internal static MemoryLimit Read(string root = "/")
    {
        var machine = Total(Path.Combine(root, "proc/meminfo")) ?? Elsewhere();
        // Without a limit version 2 says max, and version 1 a number that no machine has.
        var limit = Number(Path.Combine(root, "sys/fs/cgroup/memory.max")) ?? Number(Path.Combine(root, "sys/fs/cgroup/memory/memory.limit_in_bytes"));
        return limit < machine ? new MemoryLimit(limit.Value, Container) : new MemoryLimit(machine, Machine);
    }

    // Other systems tell the collector alone. What was set for it says nothing of the machine, and then nothing is known to be too much.
    private static long Elsewhere() => GC.GetConfigurationVariables().Any(static one => one.Key.Contains("HeapHardLimit", StringComparison.Ordinal) && one.Value is > 0L)
        ? long.MaxValue : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private static long? Total(string file) => Text(file)?.Split('\n').FirstOrDefault(static line => line.StartsWith("MemTotal:", StringComparison.Ordinal)) is { } line &&
        long.TryParse(line["MemTotal:".Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var kibibytes)
            ? kibibytes << 10 : null;

    private static long? Number(string file) => long.TryParse(Text(file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var bytes) && bytes > 0 ? bytes : null;

    private static string? Text(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
