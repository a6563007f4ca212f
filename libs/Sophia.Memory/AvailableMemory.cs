namespace Sophia.Memory;

/// <summary>What the process may use of the machine's memory.</summary>
public static class AvailableMemory
{
    /// <summary>
    /// What the collector takes for its own: the machine's memory, three quarters of a container's limit, or DOTNET_GCHeapHardLimit.
    /// Defaults are shares of it, so that they leave room for the rest of the process.
    /// </summary>
    public static long Bytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Beyond which the process would be ended: most of what it keeps, vectors and pools, is not the collector's, and bound by this alone.</summary>
    public static MemoryLimit Limit { get; } = MemoryLimit.Read();

    /// <summary>Null when so much can be there; otherwise the message that fixes it.</summary>
    /// <param name="setting">Its whole name, such as Sophia:ShardLimitBytes.</param>
    /// <param name="bytes">Of memory, not of files; null: the setting is left out.</param>
    public static string? Problem(string setting, long? bytes) => bytes > Limit.Bytes
        ? $"{setting} is {bytes:N0}, and {Limit.Of} {Limit.Bytes:N0} bytes of memory. Set it to at most that, or leave it out."
        : null;
}
