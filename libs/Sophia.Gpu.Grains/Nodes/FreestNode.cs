using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>A shard comes up where it is being moved to, or where it is in memory already, or on the node with the most free bytes in its vector pools.</summary>
[Serializable, GenerateSerializer, Immutable, SuppressReferenceTracking]
internal sealed class FreestNode : PlacementStrategy
{
    public static FreestNode Instance { get; } = new();
}

[AttributeUsage(AttributeTargets.Class)]
internal sealed class FreestNodeAttribute() : PlacementAttribute(FreestNode.Instance);

internal sealed class FreestNodeDirector(NodeLoads loads) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var nodes = context.GetCompatibleSilos(target);
        return Task.FromResult(IPlacementDirector.GetPlacementHint(target.RequestContextData, nodes) ?? loads.Freest(nodes, target.GrainIdentity.Key.ToString()!));
    }
}
