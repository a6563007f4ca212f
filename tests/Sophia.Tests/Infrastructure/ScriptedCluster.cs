using Sophia.Memory.Namespaces;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Tiers;

namespace Sophia.Tests.Infrastructure;

/// <summary>Nodes of L0 that answer searches as the test says, and are away while it says nothing.</summary>
internal sealed class ScriptedCluster : IShardCluster
{
    public Func<NamespaceInfo, ClusterCall, ClusterAnswer>? Answer { get; set; }

    public string Engine => "nodes of the test";

    public TierState State => TierState.Healthy;

    public string? Reason => null;

    public IReadOnlyList<ClusterNode> Nodes => Answer is null ? [] : [new ClusterNode("one", 0, 0, null, TakesShards: true, [])];

    public Task<ClusterAnswer> SearchAsync(NamespaceInfo ns, ClusterCall call, CancellationToken cancellationToken) =>
        Answer is { } answer ? Task.FromResult(answer(ns, call)) : throw Away();

    public Task<IReadOnlyList<HeldShard>> HeldAsync(NamespaceInfo ns, CancellationToken cancellationToken) => throw Away();

    public Task<IReadOnlyList<UnconfirmedCopy>> ReachAsync(NamespaceInfo ns, long number, TimeSpan timeout, CancellationToken cancellationToken) => throw Away();

    public Task<int> EvictAsync(NamespaceInfo ns, CancellationToken cancellationToken) => throw Away();

    public Task WarmAsync(NamespaceInfo ns, CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask PaceAsync(NamespaceInfo ns, long number, int written) => ValueTask.CompletedTask;

    private static ClusterUnavailableException Away() => new("Not in this test.");
}
