namespace Sophia.Memory;

/// <summary>What the process may use of the machine's memory, by the limits of its container and of the collector.</summary>
public static class AvailableMemory
{
    public static long Bytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Null when so much can be there; otherwise the message that fixes it.</summary>
    /// <param name="setting">Its whole name, such as Sophia:ShardLimitBytes.</param>
    /// <param name="bytes">Of memory, not of files; null: the setting is left out.</param>
    public static string? Problem(string setting, long? bytes) => bytes > Bytes
        ? $"{setting} is {bytes:N0}, and this process may use {Bytes:N0} bytes of memory (the machine's, or its container's limit). Set it to at most that, or leave it out."
        : null;
}
