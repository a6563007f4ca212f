using System.Collections.Concurrent;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Search;

/// <summary>
/// Shards that nobody finds in the directory any more: they were evicted, or others took their places. The searches in them end by
/// themselves, and as long as there is one, the shard follows the log and is awaited by a forget, since the search may tell what is there.
/// One that broke follows nothing: its searches are cut, and made again in another.
/// </summary>
internal sealed partial class ShardDirectory
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(2);

    /// <summary>For a device, when a shard took all the time; also where nobody waits at all.</summary>
    private static readonly TimeSpan LeastPatience = TimeSpan.FromMilliseconds(100);

    // Comes in under the lock of opening, with what takes the shard out of the directory.
    private readonly ConcurrentDictionary<LoadedShard, byte> _leaving = new();

    /// <summary>The shards that are asked, the one that is loaded to take the place of one of them, and those that go when no search is in them any more.</summary>
    private IEnumerable<LoadedShard> InMemory
    {
        get
        {
            var renewal = _renewal;
            return Loaded.Concat(renewal is null ? [] : [renewal.New]).Concat(_leaving.Select(static one => one.Key));
        }
    }

    private async Task LeaveAsync(LoadedShard shard)
    {
        // What came since is somebody else's to make, or nobody's.
        shard.MakesVectors = false;
        try
        {
            while (shard is { IsSearching: true, IsBroken: false } && !_isClosed)
            {
                await Task.Delay(BetweenLooks).ConfigureAwait(false);
            }
        }
        finally
        {
            var disposing = shard.DisposeAsync();
            if (!shard.IsSearching)
            {
                // No search begins in it any more: it holds nothing that could be found, and has given back what devices had of it.
                shard.Shard.Withdraw(shard.Eviction);
                _leaving.TryRemove(shard, out _);
            }

            try
            {
                await disposing.ConfigureAwait(false);
            }
            finally
            {
                _leaving.TryRemove(shard, out _);
            }
        }
    }

    /// <summary>
    /// Waits until the namespace's shards in memory have seen the number, whatever their model, and whether they are loading or loaded, also
    /// beside another one to take its place.
    /// One that is loading may have read a record before it was erased: it is ready, and may be so for a while, before it comes to the
    /// tombstone. One that begins to load after the call cannot have it: what it reads in the store is what the erasure left there.
    /// </summary>
    /// <param name="others">Ends when shards outside the directory, whose rows devices may have, too, have gone; with false when they take too long.</param>
    /// <returns>Those that have not in time; one that went from memory meanwhile holds nothing. And devices on which what was taken away stands yet.</returns>
    public async Task<IReadOnlyList<UnconfirmedCopy>> ReachAsync(
        long namespaceId, long number, TimeSpan timeout, CancellationToken cancellationToken, Task<bool>? others = null)
    {
        var began = clock.GetTimestamp();
        LoadedShard[] held;
        lock (_opening)
        {
            // One whose loading has begun is known here when the lock is free; one that waits for its turn will read what is left.
            held = [.. InMemory.Where(shard => shard.Namespace.Id == namespaceId && shard.HasBegun)];
        }

        var reached = await Task.WhenAll(held.Select(shard => ReachesAsync(shard, number, timeout, cancellationToken))).ConfigureAwait(false);
        var standing = await OverwriteAsync().ConfigureAwait(false);
        if (others is { IsCompleted: false } && await others.ConfigureAwait(false))
        {
            standing = await OverwriteAsync().ConfigureAwait(false);
        }

        return [.. held.Where((_, i) => !reached[i]).Select(shard => new UnconfirmedCopy(
            Tier.L0, null, shard.Span.Number,
            shard.IsBroken ? "It has missed changes of the log, and goes from memory when the search in it is over."
            : shard.Ready.IsCompletedSuccessfully ? $"It has come to change {shard.Seen:N0} of {number:N0}."
            : $"It is still being loaded ({shard.Shard.Count:N0} records so far).")),
            .. standing.Select(static reason => new UnconfirmedCopy(Tier.L0, null, null, reason))];

        Task<IReadOnlyList<string>> OverwriteAsync()
        {
            var left = timeout - clock.GetElapsedTime(began);
            return engine.OverwriteAsync(left > LeastPatience ? left : LeastPatience, cancellationToken);
        }
    }

    /// <summary>Waits until it has seen the number, or has gone.</summary>
    private async Task<bool> ReachesAsync(LoadedShard shard, long number, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        expiry.CancelAfter(timeout);
        if (!shard.IsBroken && await shard.ReachAsync(number, timeout, cancellationToken).ConfigureAwait(false) && !shard.IsBroken)
        {
            return true;
        }

        // It goes already and follows the log no longer, or it broke, and goes when nobody searches it. Whatever keeps it takes no more than
        // the time that is left, and what it still does when it has gone is not waited for.
        var going = Task.CompletedTask;
        while (InMemory.Contains(shard) && !expiry.IsCancellationRequested)
        {
            if (going.IsCompleted && shard is { IsBroken: true, IsSearching: false } && !_leaving.ContainsKey(shard))
            {
                going = GoAsync(shard);
            }

            await Task.Delay(BetweenLooks, expiry.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return !InMemory.Contains(shard);
    }

    // What goes wrong in its end is nobody's: it is out of the directory.
    private async Task GoAsync(LoadedShard broken) => await DropBrokenAsync(broken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task AllLeftAsync()
    {
        while (!_leaving.IsEmpty)
        {
            await Task.Delay(BetweenLooks).ConfigureAwait(false);
        }
    }
}
