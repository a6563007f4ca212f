using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Pools;

/// <summary>
/// A pool of a device's memory: one reservation, divided into pages of one size. Runs of pages are allocated first-fit, so
/// that the far end stays free for long ones; what is freed reads as zeros. When there is no room, the least valuable runs
/// can be evicted: value is how often a run was used, halved every ten minutes, so that neither one scan of everything nor
/// an old burst decides (least frequently used with dynamic ageing; Arlitt et al., "Evaluating content management techniques
/// for web proxy caches", 2000). Pinned runs stay.
/// </summary>
public sealed partial class PagePool : IDisposable
{
    private static readonly TimeSpan HalfLife = TimeSpan.FromMinutes(10);

    /// <summary>Freed pages are zeroed under the pool's lock, which takes milliseconds.</summary>
    private static readonly TimeSpan ReportPatience = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private readonly SortedDictionary<int, int> _free = [];
    private readonly HashSet<PageRun> _runs = [];
    private readonly SortedDictionary<string, long> _evictions = new(StringComparer.Ordinal);
    private readonly DurationHistogram _lifetimes = new();
    private readonly DurationHistogram _idle = new();
    private readonly long _profileBytes;
    private readonly KeyValuePair<string, object?> _tag;
    private int _used;
    private int _most;
    private long _allocations;
    private long _frees;
    private long _refused;
    private bool _isDisposed;
    private volatile PoolReport _lastReport;
    private volatile bool _isHeldUp;

    /// <param name="name">{node}/{device}/{pool}</param>
    /// <param name="memory">The pool's from now on. What does not fill a page is left over.</param>
    public PagePool(string name, PoolKind kind, IDeviceMemory memory, int pageBytes, long profileBytes, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(memory);
        (Name, Kind, Memory, PageBytes, _profileBytes, _clock, _tag) = (name, kind, memory, pageBytes, profileBytes, clock, new("pool", name));
        Pages = checked((int)(memory.Bytes / pageBytes));
        _free[0] = Pages;
        _lastReport = Report();
    }

    public string Name { get; }

    public PoolKind Kind { get; }

    public IDeviceMemory Memory { get; }

    public int PageBytes { get; }

    public int Pages { get; }

    /// <summary>Pages that are allocated, or not given back yet by a device that takes its time.</summary>
    public int UsedPages => Volatile.Read(ref _used);

    /// <summary>Nothing is allocated any more.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_lock)
            {
                return _isDisposed;
            }
        }
    }

    /// <summary>Pages one after the other, zeroed; null when there is no such run free.</summary>
    public PageRun? TryAllocate(int pages)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var run = Take(pages);
            _refused += run is null ? 1 : 0;
            return run;
        }
    }

    /// <summary>Gives the run back; again does nothing.</summary>
    /// <param name="evictedFor">Why, where its holder goes though it is wanted again: counted as an eviction. Null: nobody needs it any more.</param>
    /// <param name="idle">How long it was not used; null: since its last use that the pool was told of.</param>
    /// <exception cref="InvalidOperationException">It is pinned.</exception>
    public void Free(PageRun run, string? evictedFor = null, TimeSpan? idle = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        lock (_lock)
        {
            if (run.IsFreed)
            {
                return;
            }

            if (run.Pins > 0)
            {
                throw new InvalidOperationException($"A run of {Name} is freed while it is pinned.");
            }

            var now = _clock.GetUtcNow();
            if (evictedFor is not null)
            {
                CountEviction(evictedFor, idle ?? now - run.LastUsed);
            }

            Return(run, now);
            if (_isDisposed && _runs.Count == 0)
            {
                Memory.Dispose();
            }
        }
    }

    /// <summary>Counts a use.</summary>
    public void Touch(PageRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        lock (_lock)
        {
            var now = _clock.GetUtcNow();
            run.Frequency = ValueOf(run, now) + 1;
            run.LastUsed = now;
        }
    }

    /// <summary>Keeps the run from being evicted, until it was unpinned as often.</summary>
    /// <returns>False when it is gone.</returns>
    public bool TryPin(PageRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        lock (_lock)
        {
            run.Pins += run.IsFreed ? 0 : 1;
            return !run.IsFreed;
        }
    }

    /// <summary>Pins those of the runs that are still there and counts a use of each; the others become null.</summary>
    public void PinUsed(Span<PageRun?> runs)
    {
        lock (_lock)
        {
            var now = _clock.GetUtcNow();
            foreach (ref var run in runs)
            {
                if (run is { IsFreed: true })
                {
                    run = null;
                }
                else if (run is not null)
                {
                    run.Frequency = ValueOf(run, now) + 1;
                    run.LastUsed = now;
                    run.Pins++;
                }
            }
        }
    }

    public void Unpin(PageRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        lock (_lock)
        {
            run.Pins = run.Pins > 0 ? run.Pins - 1 : throw new InvalidOperationException($"A run of {Name} is unpinned more often than pinned.");
        }
    }

    /// <summary>What the pool is now; while a device that hangs holds it up, what it was when that was asked last.</summary>
    public PoolReport Report()
    {
        // Many ask, one after the other: once it took too long nobody waits until it is free again.
        if (!_lock.TryEnter(_isHeldUp ? TimeSpan.Zero : ReportPatience))
        {
            _isHeldUp = true;
            return _lastReport;
        }

        try
        {
            _isHeldUp = false;
            var free = Pages - _used;
            var longest = _free.Count == 0 ? 0 : _free.Values.Max();
            return _lastReport = new PoolReport(
                Name, Kind, _profileBytes, Memory.Bytes, PageBytes, Pages, _used, _runs.Where(r => r.Pins > 0).Sum(r => r.Count), (long)_most * PageBytes,
                free == 0 ? 0 : 1 - ((double)longest / free), _allocations, _frees, _refused, [.. _evictions.Select(e => (e.Key, e.Value))], _lifetimes.Read(), _idle.Read());
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>Nothing more is allocated; the memory goes when the last run does.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                if (_runs.Count == 0)
                {
                    Memory.Dispose();
                }
            }
        }
    }

    private PageRun? Take(int pages)
    {
        foreach (var (start, length) in _free)
        {
            if (length < pages)
            {
                continue;
            }

            _free.Remove(start);
            if (length > pages)
            {
                _free[start + pages] = length - pages;
            }

            _used += pages;
            _most = Math.Max(_most, _used);
            _allocations++;
            var run = new PageRun(this, start, pages, _clock.GetUtcNow());
            _runs.Add(run);
            return run;
        }

        return null;
    }

    private void Return(PageRun run, DateTimeOffset now)
    {
        Memory.Discard(run.Offset, run.Bytes);
        run.IsFreed = true;
        _runs.Remove(run);
        _used -= run.Count;
        _frees++;
        _lifetimes.Add(now - run.AllocatedAt);
        PoolMeters.Lifetime.Record((now - run.AllocatedAt).TotalSeconds, _tag);
        Join(_free, run.Start, run.Count);
    }

    /// <summary>Adds free pages, joined with the free runs beside them; returns the length of what came of it.</summary>
    private static int Join(SortedDictionary<int, int> free, int start, int count)
    {
        foreach (var (other, length) in free)
        {
            if (other + length == start)
            {
                (start, count) = (other, count + length);
                break;
            }
        }

        free.Remove(start);
        if (free.Remove(start + count, out var next))
        {
            count += next;
        }

        free[start] = count;
        return count;
    }

    private static double ValueOf(PageRun run, DateTimeOffset now) => run.Frequency * Math.Pow(0.5, (now - run.LastUsed) / HalfLife);
}
