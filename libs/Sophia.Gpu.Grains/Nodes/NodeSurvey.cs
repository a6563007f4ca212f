using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Runtime;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>Asks every node what it holds; one that does not answer in time is left out.</summary>
internal sealed partial class NodeSurvey(NodeClient nodes, ISiloStatusOracle members, TimeProvider clock, ILogger<NodeSurvey> logger)
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly ILogger _logger = logger;

    /// <returns>The members that are active, and the loads of those that answered.</returns>
    public async Task<(IReadOnlyList<SiloAddress> Active, Dictionary<SiloAddress, NodeLoad> Loads)> AskAllAsync(CancellationToken cancellationToken)
    {
        var active = members.GetApproximateSiloStatuses(onlyActive: true).Keys.ToArray();
        var answers = await Task.WhenAll(active.Select(node => AskAsync(node, cancellationToken))).ConfigureAwait(false);
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

    private async Task<NodeLoad?> AskAsync(SiloAddress node, CancellationToken cancellationToken)
    {
        try
        {
            return await nodes[node].LoadAsync().WaitAsync(Patience, clock, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OrleansException or TimeoutException)
        {
            LogNotHeard(node, error.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} did not say its load: {Reason}")]
    private partial void LogNotHeard(SiloAddress node, string reason);
}

/// <summary>What every node holds, for those who are no node: services of nodes are for nodes only.</summary>
[Alias("sophia.nodes")]
internal interface INodesGrain : IGrainWithIntegerKey
{
    [Alias("all")]
    Task<Immutable<List<ClusterNode>>> AllAsync();
}

[StatelessWorker(1)]
[Reentrant]
internal sealed class NodesGrain(NodeSurvey survey) : Grain, INodesGrain
{
    public async Task<Immutable<List<ClusterNode>>> AllAsync()
    {
        var (_, loads) = await survey.AskAllAsync(CancellationToken.None);
        return new([.. loads.OrderBy(static node => node.Key).Select(static node => new ClusterNode(
            node.Key.ToString(), node.Value.Free, node.Value.Room, node.Value.Failure, node.Value.TakesShards, node.Value.Shards.Value))]);
    }
}
