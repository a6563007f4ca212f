using Sophia.Gpu.Devices;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>The engine of L0 without a GPU: shards in host memory, searched with the processor's vector instructions.</summary>
public sealed class HostShardEngine : IShardEngine
{
    public string Engine { get; } = $"host memory, {HostProcessor.Vectors}";

    public IShard Create(NamespaceInfo ns)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return new HostShard(ns.Settings);
    }
}
