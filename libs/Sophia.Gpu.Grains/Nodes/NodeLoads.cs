using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>What this node last heard of the load of each; looked at when a shard is placed.</summary>
internal sealed class NodeLoads(TimeProvider clock)
{
    /// <summary>What a shard that was just placed will take; so that those that come together do not all go to one node.</summary>
    private const long Expected = 64L << 20;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);

    /// <summary>What was last heard of a busy node that does not answer in time is good for so long.</summary>
    private static readonly TimeSpan Lately = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<SiloAddress, NodeLoad> _loads = new();
    private readonly ConcurrentDictionary<SiloAddress, long> _heardAt = new();
    private readonly ConcurrentQueue<(SiloAddress Node, long At)> _placed = new();

    /// <param name="active">The members. One of them that did not answer keeps the load that was last heard of, and gets no shard until it answers.</param>
    /// <param name="heard">The loads of those that answered.</param>
    public void Set(IReadOnlyCollection<SiloAddress> active, IReadOnlyDictionary<SiloAddress, NodeLoad> heard)
    {
        foreach (var (node, load) in heard)
        {
            (_loads[node], _heardAt[node]) = (load, clock.GetTimestamp());
        }

        foreach (var (node, load) in _loads.Where(node => !heard.ContainsKey(node.Key)))
        {
            if (active.Contains(node))
            {
                _loads[node] = load with { TakesShards = false };
            }
            else
            {
                _loads.TryRemove(node, out _);
                _heardAt.TryRemove(node, out _);
            }
        }
    }

    /// <summary>
    /// What members hold, for evening it out: also of those that do not answer just now, which neither give nor get a shard. Else one node that is
    /// busy for a moment would keep all others from giving to one that joined, which under load is at nearly each look.
    /// </summary>
    /// <returns>Fewer than the members while one has just joined, or was not heard of for long.</returns>
    public Dictionary<SiloAddress, NodeLoad> Known(IReadOnlyDictionary<SiloAddress, NodeLoad> heard)
    {
        var known = new Dictionary<SiloAddress, NodeLoad>(heard);
        foreach (var (node, load) in _loads)
        {
            if (!heard.ContainsKey(node) && _heardAt.TryGetValue(node, out var at) && clock.GetElapsedTime(at) < Lately)
            {
                known[node] = load with { TakesShards = false, Shards = new([.. load.Shards.Value.Select(static shard => shard with { IsServed = false })]) };
            }
        }

        return known;
    }

    /// <summary>
    /// The node that has the shard in memory already; else, of those that take shards, the one with the most free bytes. One that
    /// nothing was heard of yet has just joined and is empty. Should no node be fit, an unfit one is better than none.
    /// </summary>
    /// <param name="address">Of the shard.</param>
    public SiloAddress Freest(IReadOnlyList<SiloAddress> nodes, string address)
    {
        while (_placed.TryPeek(out var oldest) && clock.GetElapsedTime(oldest.At) > Settling && _placed.TryDequeue(out _))
        {
        }

        var coming = _placed.ToLookup(static placed => placed.Node);
        var most = _loads.Values.Select(static load => load.Free).DefaultIfEmpty(0).Max();
        var chosen = nodes.MaxBy(node => Worth(node, coming[node].Count() * Expected))!;
        _placed.Enqueue((chosen, clock.GetTimestamp()));
        return chosen;

        (bool IsFit, bool HasIt, bool HasRoom, long Free, long Room) Worth(SiloAddress node, long soon) =>
            _loads.TryGetValue(node, out var load)
                ? (load.TakesShards, load.Shards.Value.Exists(shard => shard.Address == address && shard.IsReady), load.Room > soon, load.Free - soon, load.Room - soon)
                : (true, false, true, most - soon, long.MaxValue - soon);
    }

    /// <summary>As the node is configured; null where nothing was heard of it yet.</summary>
    public string? NameOf(SiloAddress node) => _loads.TryGetValue(node, out var load) ? load.Name : null;

    /// <summary>The node that said last that it serves the shard and has it whole; null where none did.</summary>
    public SiloAddress? HolderOf(string address) => _loads
        .Where(node => node.Value.Shards.Value.Exists(shard => shard is { IsServed: true, IsReady: true } && shard.Address == address)).Select(static node => node.Key).FirstOrDefault();

    /// <summary>Another node with more room than so many bytes; null where there is none.</summary>
    public SiloAddress? Roomier(SiloAddress than, long bytes) => _loads.Where(node => node.Value.TakesShards && node.Value.Room > bytes && !node.Key.Equals(than))
        .OrderByDescending(static node => node.Value.Room).Select(static node => node.Key).FirstOrDefault();
}
