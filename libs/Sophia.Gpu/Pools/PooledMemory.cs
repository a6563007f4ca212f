using Sophia.Gpu.Devices;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Pools;

/// <summary>A block of pages of a pool in host memory.</summary>
internal sealed unsafe class PooledMemory : IPageMemory
{
    private const int HugePage = 2 << 20;
    private readonly HostReservation _memory;
    private readonly PageRun _run;

    private PooledMemory(HostReservation memory, PageRun run)
    {
        (_memory, _run) = (memory, run);
        if (run.Bytes >= HugePage)
        {
            memory.PreferHugePages(run.Offset, run.Bytes);
        }
    }

    /// <exception cref="ObjectDisposedException">The block was given back.</exception>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_run.IsFreed, this);
            return _memory.Pointer + _run.Offset;
        }
    }

    public bool IsResident => true;

    public bool IsZeroed => true;

    /// <summary>A block from the pool, or null when it has no room.</summary>
    public static PooledMemory? TryAllocate(PagePool pool, long bytes) =>
        pool.Memory is HostReservation memory && pool.TryAllocate(checked((int)((bytes + pool.PageBytes - 1) / pool.PageBytes))) is { } run
            ? new PooledMemory(memory, run) : null;

    /// <summary>Nothing changes: only the process has what is in it.</summary>
    public void Settle()
    {
    }

    public void Dispose() => _run.Pool.Free(_run);

    public void Evict(ShardEviction eviction) => _run.Pool.Free(_run, eviction.Reason, eviction.Idle);
}
