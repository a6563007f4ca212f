using System.Diagnostics.CodeAnalysis;
using Orleans.GrainDirectory;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.GrainDirectory;
using Sophia.Gpu.Grains.Nodes;

namespace Sophia.Gpu.Grains.Hosting;

/// <summary>
/// For grains that every node has at hand. Orleans looks also these up, in a directory of which each node has a part: so half of them could
/// not be reached, by whatever node, while one of two stood still.
/// </summary>
internal sealed class NoDirectory : IGrainDirectory, IGrainDirectoryResolver
{
    // By the type and not by an attribute, which stands in the manifest that all nodes share: one of a version without it cannot resolve the name.
    private static readonly GrainType Nodes = GrainType.Create(NodesGrain.Type);

    public bool TryResolveGrainDirectory(GrainType grainType, GrainProperties? properties, [NotNullWhen(true)] out IGrainDirectory? grainDirectory) =>
        (grainDirectory = grainType.Equals(Nodes) ? this : null) is not null;

    public Task<GrainAddress?> Register(GrainAddress address) => Task.FromResult<GrainAddress?>(address);

    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    public Task<GrainAddress?> Lookup(GrainId grainId) => Task.FromResult<GrainAddress?>(null);

    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;
}
