using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Vectors;

/// <summary>Where a shard keeps its vectors and how it computes on them.</summary>
/// <param name="Folder">
/// For the float32 originals of large shards; null keeps them in memory. Files there are of this process alone: an engine
/// deletes what an earlier one left.
/// </param>
internal sealed record VectorStorage(string? Folder = null)
{
    /// <summary>Originals up to this size stay in memory: a small namespace needs no file.</summary>
    private const long MostBytesWithoutFile = 4L << 20;

    private const string Extension = ".f32";

    /// <summary>The instructions of the scans.</summary>
    public VectorPath Path { get; init; } = HostProcessor.Path;

    /// <summary>The pool that memory comes from; null, or one without room: the process's own.</summary>
    public PagePool? Pool { get; init; }

    /// <summary>The devices whose kernels scan large shards, a share each; none: the processor scans all.</summary>
    public IReadOnlyList<DeviceVectors.DeviceScans> Devices { get; init; } = [];

    /// <summary>False: float32 alone, without codes.</summary>
    public bool IsCertified { get; init; } = true;

    /// <summary>Memory that stays.</summary>
    public IPageMemory AllocateMemory(long bytes)
    {
        if (Pool is null)
        {
            return HostBuffer.Allocate(bytes);
        }

        if (PooledMemory.TryAllocate(Pool, bytes) is { } pooled)
        {
            return pooled;
        }

        VectorMeters.OutsidePool.Add(1);
        return HostBuffer.Allocate(bytes);
    }

    /// <summary>Memory for originals. When the folder can't take them (a full disk), they are kept in memory.</summary>
    /// <param name="before">Bytes that the shard's originals have already.</param>
    public IPageMemory AllocateOriginals(long before, long bytes)
    {
        if (Folder is null || before < MostBytesWithoutFile)
        {
            return AllocateMemory(bytes);
        }

        try
        {
            Directory.CreateDirectory(Folder);
            return MappedBuffer.Create(System.IO.Path.Combine(Folder, $"{Guid.NewGuid():n}{Extension}"), bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            VectorMeters.OriginalsInMemory.Add(1);
            return AllocateMemory(bytes);
        }
    }

    /// <summary>Deletes the files of an earlier process: shards are made anew from the store.</summary>
    public void DeleteLeftOvers()
    {
        if (Directory.Exists(Folder))
        {
            foreach (var file in Directory.GetFiles(Folder, $"*{Extension}"))
            {
                File.Delete(file);
            }
        }
    }
}
