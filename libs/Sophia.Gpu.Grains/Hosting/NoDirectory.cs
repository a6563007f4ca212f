using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Sophia.Gpu.Grains.Hosting;

/// <summary>
/// For grains that every node has at hand. Orleans looks also these up, in a directory of which each node has a part: so half of them could
/// not be reached, by whatever node, while one of two stood still.
/// </summary>
internal sealed class NoDirectory : IGrainDirectory
{
    public const string Name = "none";

    public Task<GrainAddress?> Register(GrainAddress address) => Task.FromResult<GrainAddress?>(address);

    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    public Task<GrainAddress?> Lookup(GrainId grainId) => Task.FromResult<GrainAddress?>(null);

    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;
}
