namespace Sophia.Gpu.Pools;

/// <summary>Pages of a pool that lie one after the other and belong to one holder. The pool changes it under its lock.</summary>
public sealed class PageRun
{
    internal PageRun(PagePool pool, int start, int count, DateTimeOffset now) => (Pool, Start, Count, AllocatedAt, LastUsed) = (pool, start, count, now, now);

    public PagePool Pool { get; }

    /// <summary>The first page.</summary>
    public int Start { get; }

    /// <summary>How many pages.</summary>
    public int Count { get; }

    public DateTimeOffset AllocatedAt { get; }

    /// <summary>Where it begins in the pool's memory.</summary>
    public long Offset => (long)Start * Pool.PageBytes;

    public long Bytes => (long)Count * Pool.PageBytes;

    internal DateTimeOffset LastUsed { get; set; }

    /// <summary>How often it was used, halved every ten minutes.</summary>
    internal double Frequency { get; set; }

    internal int Pins { get; set; }

    internal bool IsFreed { get; set; }
}
