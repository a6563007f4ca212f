using Sophia.Memory.Search;

namespace Sophia.Gpu.Devices;

/// <summary>A block of memory that pages are cut from. It never moves and starts at a cache line.</summary>
internal unsafe interface IPageMemory : IDisposable
{
    byte* Pointer { get; }

    /// <summary>True when it takes memory of the process that the system cannot take back by writing it to a file.</summary>
    bool IsResident { get; }

    /// <summary>True when all of it reads as zeros from the start, and takes memory only where it is written.</summary>
    bool IsZeroed { get; }

    /// <summary>
    /// It is full: what is in it stays and may be read and changed, but seldom is. Memory that the system has written to a
    /// file, or will, is no longer held by the process.
    /// </summary>
    void Settle();

    /// <summary>Gives it back, as disposing of it does; where it is a pool's, as evicted.</summary>
    void Evict(ShardEviction eviction) => Dispose();
}
