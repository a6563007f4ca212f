using Sophia.Memory.Search.Cluster;

namespace Sophia.Tests.Infrastructure;

/// <summary>No namespace has a second shard.</summary>
internal sealed class OneShard : IShardMap
{
    public ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken) => new([]);

    public ValueTask<long> OpenAsync(long namespaceId, int shard, long first, CancellationToken cancellationToken) => new(first);
}
