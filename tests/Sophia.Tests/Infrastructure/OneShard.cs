using Sophia.Memory.Namespaces;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Tests.Infrastructure;

/// <summary>No namespace has a second shard.</summary>
internal sealed class OneShard : IShardMap
{
    public ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken) => new([]);

    public ValueTask<long> OpenAsync(NamespaceInfo ns, int shard, int ahead, CancellationToken cancellationToken) => throw new InvalidOperationException("No shard is full.");
}
