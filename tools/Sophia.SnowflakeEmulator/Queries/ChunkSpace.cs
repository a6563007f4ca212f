using Sophia.Snowflake.Local;

namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>What all chunks together take on disk, with its limit.</summary>
internal sealed class ChunkSpace(EmulatorOptions options)
{
    private long _bytes;

    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Counts bytes that were written.</summary>
    /// <exception cref="SnowflakeException">There are more than may be; the statement that wrote them fails.</exception>
    public void Take(long bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) > options.MaxChunkBytes)
            throw new SnowflakeException("000603", "XX000", $"The results that are kept take more than Emulator:MaxChunkBytes, {options.MaxChunkBytes} bytes. Read less at once, or close sessions.");
    }

    public void Free(long bytes) => Interlocked.Add(ref _bytes, -bytes);
}
