using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Runtime;
using Sophia.Gpu.Grains.Shards;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Tiers;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>Asks every node what it holds; one that does not answer in time is left out.</summary>
internal sealed partial class NodeSurvey(NodeClient nodes, NodeLoads known, ISiloStatusOracle members, TimeProvider clock, ILogger<NodeSurvey> logger)
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly ILogger _logger = logger;

    private SiloAddress[] Active => [.. members.GetApproximateSiloStatuses(onlyActive: true).Keys];

    /// <summary>
    /// Those that may have shards in memory: one that leaves gets none any more, and searches that are under way in it end first. Should it
    /// die before it has left, the others find it dead as they would any other (Orleans' ClusterHealthMonitor probes those that leave, too).
    /// </summary>
    private SiloAddress[] Holding => [.. members.GetApproximateSiloStatuses()
        .Where(static member => member.Value is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping).Select(static member => member.Key)];

    /// <returns>The members that are active, and the loads of those that answered.</returns>
    public async Task<(IReadOnlyList<SiloAddress> Active, Dictionary<SiloAddress, NodeLoad> Loads)> AskAllAsync(CancellationToken cancellationToken)
    {
        var active = Active;
        var answers = await Task.WhenAll(active.Select(node => AskAsync(node, static service => service.LoadAsync(), cancellationToken))).ConfigureAwait(false);
        var loads = new Dictionary<SiloAddress, NodeLoad>();
        for (var i = 0; i < active.Length; i++)
        {
            if (answers[i] is { } load)
            {
                loads[active[i]] = load;
            }
        }

        return (active, loads);
    }

    /// <summary>Asks a shard at the node that said last that it serves it; null where none did.</summary>
    public async Task<Immutable<ShardReply>?> SearchAsync(string address, Immutable<ShardCall> call) =>
        known.HolderOf(address) is { } holder ? await nodes[holder].SearchAsync(address, call).ConfigureAwait(false) : null;

    /// <summary>What each member says of its devices; one that does not answer is told with that.</summary>
    public async Task<List<NodeDetails>> DetailsAsync() => [.. await Task.WhenAll(Active.Order().Select(DetailsAsync)).ConfigureAwait(false)];

    /// <summary>Drops what nodes have in memory of the namespace.</summary>
    /// <returns>The addresses of the shards that went; one may have been in memory on two nodes.</returns>
    public async Task<HashSet<string>> EvictAllAsync(long namespaceId)
    {
        var gone = await Task.WhenAll(Holding.Select(node => AskAsync(node, async service => (await service.EvictAsync(namespaceId)).Value, CancellationToken.None))).ConfigureAwait(false);
        return [.. gone.SelectMany(static shards => shards ?? [])];
    }

    /// <summary>Waits until all that nodes have in memory of the namespace has come to the change.</summary>
    /// <returns>What has not in time, and the nodes that did not say. One that joins meanwhile has nothing but what it loads from then on.</returns>
    public async Task<List<UnconfirmedCopy>> ReachAllAsync(long namespaceId, long number, TimeSpan timeout)
    {
        var told = await Task.WhenAll(Holding.Select(node => ReachAsync(node, namespaceId, number, timeout))).ConfigureAwait(false);
        return [.. told.SelectMany(static copies => copies)];
    }

    private async Task<IEnumerable<UnconfirmedCopy>> ReachAsync(SiloAddress node, long namespaceId, long number, TimeSpan timeout)
    {
        try
        {
            var copies = await nodes[node].ReachAsync(namespaceId, number, timeout).WaitAsync(timeout + Patience, clock).ConfigureAwait(false);
            return copies.Value.Select(copy => copy with { Node = node.ToString() });
        }
        catch (Exception error) when (Unanswered.Is(error))
        {
            LogNotHeard(node, error.Message);
            return [new UnconfirmedCopy(Tier.L0, node.ToString(), null, $"The node {Unanswered.Say(error)}.")];
        }
    }

    // Of whatever kind the error is: a node of the version before does not know the question.
    private async Task<NodeDetails> DetailsAsync(SiloAddress node)
    {
        try
        {
            return await nodes[node].DetailsAsync().WaitAsync(Patience, clock).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            LogNotHeard(node, error.Message);
            return new NodeDetails(node.ToString(), known.NameOf(node)) { Unanswered = $"The node {Unanswered.Say(error)}." };
        }
    }

    private async Task<T?> AskAsync<T>(SiloAddress node, Func<INodeService, Task<T>> ask, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await ask(nodes[node]).WaitAsync(Patience, clock, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (Unanswered.Is(error))
        {
            LogNotHeard(node, error.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} did not answer: {Reason}")]
    private partial void LogNotHeard(SiloAddress node, string reason);
}

/// <summary>What every node holds, for those who are no node: services of nodes are for nodes only.</summary>
[Alias("sophia.nodes")]
internal interface INodesGrain : IGrainWithIntegerKey
{
    [Alias("all")]
    Task<Immutable<List<ClusterNode>>> AllAsync();

    /// <summary>Asks a shard for a caller whose way to it leads over a node that does not answer.</summary>
    [Alias("search")]
    Task<Immutable<ShardReply>> SearchAsync(string address, Immutable<ShardCall> call, CancellationToken cancellationToken);

    /// <inheritdoc cref="NodeSurvey.DetailsAsync()"/>
    [Alias("details")]
    Task<Immutable<List<NodeDetails>>> DetailsAsync();

    /// <inheritdoc cref="NodeSurvey.EvictAllAsync"/>
    [Alias("evict")]
    Task<Immutable<HashSet<string>>> EvictAsync(long namespaceId);

    /// <inheritdoc cref="NodeSurvey.ReachAllAsync"/>
    [Alias("reach")]
    Task<Immutable<List<UnconfirmedCopy>>> ReachAsync(long namespaceId, long number, TimeSpan timeout);
}

[StatelessWorker(1)]
[Reentrant]
[GrainType(Type)]
internal sealed class NodesGrain(NodeSurvey survey) : Grain, INodesGrain
{
    /// <summary>Every node has it at hand: it is in no directory (<see cref="Hosting.NoDirectory"/>).</summary>
    public const string Type = "nodes";

    public async Task<Immutable<ShardReply>> SearchAsync(string address, Immutable<ShardCall> call, CancellationToken cancellationToken)
    {
        var told = await survey.SearchAsync(address, call);
        return told is { } reply && reply.Value.Outcome != ShardOutcome.Failed ? reply : await GrainFactory.GetGrain<IShardGrain>(address).SearchAsync(call, cancellationToken);
    }

    public async Task<Immutable<List<NodeDetails>>> DetailsAsync() => new(await survey.DetailsAsync());

    public async Task<Immutable<HashSet<string>>> EvictAsync(long namespaceId) => new(await survey.EvictAllAsync(namespaceId));

    public async Task<Immutable<List<UnconfirmedCopy>>> ReachAsync(long namespaceId, long number, TimeSpan timeout) =>
        new(await survey.ReachAllAsync(namespaceId, number, timeout));

    public async Task<Immutable<List<ClusterNode>>> AllAsync()
    {
        var (_, loads) = await survey.AskAllAsync(CancellationToken.None);
        return new([.. loads.OrderBy(static node => node.Key).Select(static node => new ClusterNode(
            node.Value.Name ?? node.Key.ToString(), node.Value.Free, node.Value.Room, node.Value.Failure, node.Value.TakesShards, node.Value.Shards.Value)
        {
            Address = node.Key.ToString(),
        })]);
    }
}
