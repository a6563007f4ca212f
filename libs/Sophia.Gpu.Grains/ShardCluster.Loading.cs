using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains;

/// <summary>
/// Shards that are loaded before a search asks for them.
/// <list type="number">
/// <item>One that was opened behind a full one: searches ask all shards of a namespace, and this one follows the log from its first record
/// on instead of being read from the store when the first search waits for it.</item>
/// <item>Those of a namespace that is written and not searched: a shard is full only where it is followed, so a namespace that is filled
/// first would become a single shard of any size.</item>
/// </list>
/// </summary>
public sealed partial class ShardCluster
{
    /// <summary>Changes of the partition since a shard was opened, after which it is left to searches: it was there, and went to make room.</summary>
    private const long Young = 200_000;

    /// <summary>A namespace that nothing follows is loaded after so many parts of a full shard were written.</summary>
    private const int UnfollowedPart = 4;
    private static readonly TimeSpan Beginning = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(5);

    /// <summary>By shard, or by the first of all of a namespace. The watch alone uses it.</summary>
    private readonly Dictionary<ShardAddress, Load> _loading = [];
    private readonly ConcurrentDictionary<long, (NamespaceInfo Namespace, long Written)> _unfollowed = new();

    /// <summary>Not in memory at the look before, behind a full one that was: at a single look half of an eviction would be taken for that. The watch alone uses it.</summary>
    private HashSet<ShardAddress> _missing = [];

    // Called for each commit: only counted here.
    private void CountUnfollowed(NamespaceInfo ns, int written)
    {
        if (!ns.Name.StartsWith('$') && Nodes.Count > 0)
        {
            _unfollowed.AddOrUpdate(ns.Id, static (_, made) => (made.ns, made.written), static (_, known, made) => (made.ns, known.Written + made.written), (ns, written));
        }
    }

    private void LoadAhead(IReadOnlyList<ClusterNode> nodes, CancellationToken cancellationToken)
    {
        foreach (var (id, (ns, written)) in _unfollowed)
        {
            if (_followed.ContainsKey(ShardAddress.Of(ns, 0)))
            {
                _unfollowed.TryRemove(id, out _);
            }
            else if (written >= Math.Max(1, _settings.ShardRecords / UnfollowedPart))
            {
                var first = ShardAddress.Of(ns, 0);
                if (_loading.TryGetValue(first, out var last) && last.Done is { IsCompletedSuccessfully: true, Result: false })
                {
                    // Refused, by a store that is away for instance: it is tried again after as many changes.
                    _unfollowed.TryRemove(id, out _);
                }
                else
                {
                    Begin(first, () => LoadAllAsync(ns, cancellationToken));
                }
            }
        }

        var young = nodes.SelectMany(static node => node.Shards)
            .Where(static shard => shard is { IsServed: true, IsReady: true, End: { } end } && shard.Seen - end < Young)
            .Select(static shard => ShardAddress.Parse(shard.Address)).Select(static full => full with { Number = full.Number + 1 }).ToHashSet();
        if (young.Count > 0)
        {
            young.ExceptWith(nodes.SelectMany(static node => node.Shards).Select(static shard => ShardAddress.Parse(shard.Address)));
        }

        foreach (var next in young.Where(_missing.Contains))
        {
            Begin(next, () => AskAsync(next.ToString(), grain => grain.WarmAsync(cancellationToken), Beginning, cancellationToken));
        }

        _missing = young;
        foreach (var over in _loading.Where(loading => loading.Value.Done.IsCompleted && !young.Contains(loading.Key) && !IsUnfollowed(loading.Key)).Select(static loading => loading.Key).ToList())
        {
            _loading.Remove(over);
        }
    }

    private bool IsUnfollowed(ShardAddress first) => first.Number == 0 && _unfollowed.ContainsKey(first.NamespaceId);

    private async Task LoadAllAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        for (var (shard, hasNext) = (0, true); hasNext; shard++)
        {
            hasNext = await AskAsync(ShardAddress.Of(ns, shard).ToString(), grain => grain.WarmAsync(cancellationToken), Loading, cancellationToken);
        }
    }

    // A node that dies while it loads takes the call with it: it is made again. One that was refused is not: there is no room for it, or no store.
    private void Begin(ShardAddress address, Func<Task> load)
    {
        if (!_loading.TryGetValue(address, out var last) || (last.Done.IsCompletedSuccessfully && last.Done.Result && _clock.GetElapsedTime(last.BegunAt) > BetweenTries))
        {
            _loading[address] = new Load(LoadAsync(address.ToString(), load), _clock.GetTimestamp());
        }
    }

    /// <returns>It may be tried again.</returns>
    private async Task<bool> LoadAsync(string address, Func<Task> load)
    {
        try
        {
            await load();
            return true;
        }
        catch (Exception error)
        {
            // Whatever it is, the shard is loaded by the search that asks for it, which says what is wrong.
            LogNotLoaded(address, error);
            return error is ClusterUnavailableException;
        }
    }

    private sealed record Load(Task<bool> Done, long BegunAt);

    [LoggerMessage(Level = LogLevel.Information, Message = "Shard {Address} was not loaded before a search asks for it.")]
    private partial void LogNotLoaded(string address, Exception error);
}
