namespace Sophia.Gpu.Pools;

/// <summary>Who goes when there is no room.</summary>
public sealed partial class PagePool
{
    /// <summary>Pages one after the other, zeroed, evicting the least valuable runs that are not pinned until there is room.</summary>
    /// <param name="evicted">Told of each before its pages are anybody else's; it must not call the pool.</param>
    /// <returns>Null when all that may be evicted would not make room; then nothing was evicted.</returns>
    /// <param name="worth">Only runs of less value are evicted, and the new run begins with it; null: any, and it begins with none.</param>
    public PageRun? AllocateEvicting(int pages, string reason, Action<PageRun> evicted, double? worth = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        ArgumentNullException.ThrowIfNull(evicted);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            Queue<PageRun>? order = null;
            return TakeEvicting(pages, reason, evicted, worth, ref order);
        }
    }

    /// <summary>
    /// As many such runs of one size as there is room for, pinned. Whom to evict is chosen once for all of them, and after the first for
    /// which there is no room, which alone counts as refused, no other is tried.
    /// </summary>
    /// <param name="count">How many are wanted.</param>
    /// <param name="pages">Of each.</param>
    /// <param name="runs">Gets each as it comes: the caller's also when a later eviction fails.</param>
    /// <param name="evicted">As above.</param>
    public void AllocateEvicting(int count, int pages, string reason, double worth, ICollection<PageRun> runs, Action<PageRun> evicted)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentNullException.ThrowIfNull(evicted);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            Queue<PageRun>? order = null;
            for (; count > 0 && TakeEvicting(pages, reason, evicted, worth, ref order) is { } run; count--)
            {
                run.Pins = 1;
                runs.Add(run);
            }
        }
    }

    /// <param name="order">Who goes, the first to go first; made when it is first needed.</param>
    private PageRun? TakeEvicting(int pages, string reason, Action<PageRun> evicted, double? worth, ref Queue<PageRun>? order)
    {
        var run = Take(pages);
        if (run is null)
        {
            var now = _clock.GetUtcNow();
            order ??= LeastValuable(now, worth ?? double.PositiveInfinity);
            foreach (var victim in Victims(pages, order))
            {
                evicted(victim);
                Return(victim, now);
                CountEviction(reason, now - victim.LastUsed);
            }

            run = Take(pages);
        }

        if (run is null)
        {
            _refused++;
            return null;
        }

        run.Frequency = worth ?? 0;
        return run;
    }

    private void CountEviction(string reason, TimeSpan idle)
    {
        _idle.Add(idle);
        PoolMeters.Idle.Record(idle.TotalSeconds, _tag);
        _evictions[reason] = _evictions.GetValueOrDefault(reason) + 1;
    }

    private Queue<PageRun> LeastValuable(DateTimeOffset now, double worth) => new(
        _runs.Where(static r => r.Pins == 0).Select(r => (Run: r, Value: ValueOf(r, now))).Where(r => r.Value < worth)
            .OrderBy(static r => r.Value).ThenBy(static r => r.Run.LastUsed).ThenBy(static r => r.Run.Start).Select(static r => r.Run));

    /// <summary>Takes from the order the runs to evict, until together with what is free a long enough run comes of it; none when none does.</summary>
    private List<PageRun> Victims(int pages, Queue<PageRun> order)
    {
        var victims = new List<PageRun>();
        var free = new SortedDictionary<int, int>(_free);
        while (order.TryDequeue(out var run))
        {
            victims.Add(run);
            if (Join(free, run.Start, run.Count) >= pages)
            {
                return victims;
            }
        }

        return [];
    }
}
