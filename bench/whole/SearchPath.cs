using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Shards.Merging;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Tiers;
using Sophia.Tests.Infrastructure;

namespace Sophia.Bench.Whole;

/// <summary>The two ways to the shards: through a client and the grains of a node, over TCP on loopback, and in this process without either.</summary>
internal sealed class SearchPath : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly NamespaceInfo _ns;
    private readonly IHost _node;
    private readonly ShardCluster _cluster;
    private readonly IReadOnlyList<ShardHost.OpenShard> _shards;

    private SearchPath(NamespaceInfo ns, IHost node, ShardCluster cluster, IReadOnlyList<ShardHost.OpenShard> shards) =>
        (_ns, _node, _cluster, _shards) = (ns, node, cluster, shards);

    /// <param name="shards">The host's, loaded.</param>
    public static async Task<SearchPath> OpenAsync(NamespaceInfo ns, ShardHost host, IReadOnlyList<ShardHost.OpenShard> shards, NodeSpace space)
    {
        var settings = new ClusterSettings { Membership = "localhost", Id = "bench", NodePort = FreePort.Take(), GatewayPort = FreePort.Take() };
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(_ => host);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(space);
        builder.AddShardNode(settings, "");
        var node = builder.Build();
        await node.StartAsync();
        var cluster = new ShardCluster(settings, "", static _ => Task.CompletedTask, TimeProvider.System, NullLoggerFactory.Instance);
        await cluster.StartAsync(default);
        for (var began = Stopwatch.GetTimestamp(); cluster.State != TierState.Healthy; await Task.Delay(50))
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new InvalidOperationException($"The node cannot be used: {cluster.Reason}");
            }
        }

        return new SearchPath(ns, node, cluster, shards);
    }

    public async Task<ShardAnswer> ThroughNodesAsync(ShardQuery query)
    {
        var answer = await _cluster.SearchAsync(_ns, new ClusterCall(query, Memory.Log.Sequence.None, 0, Patience, AllowPartial: false), default);
        return answer.Missing.Count == 0 ? answer.Found : throw new InvalidOperationException($"A shard is missing: {answer.Missing[0].Reason}");
    }

    public async Task<ShardAnswer> InProcessAsync(ShardQuery query)
    {
        if (_shards.Count == 1)
        {
            return (await _shards[0].SearchAsync(new ShardCall(query, 0, 0, Patience), default)).Answer!;
        }

        return await new MergedSearch(_ns.Settings, query, async (part, _) =>
        {
            var replies = await Task.WhenAll(_shards.Select(shard => Task.Run(async () => await shard.SearchAsync(new ShardCall(null, 0, 0, Patience) { Part = part }, default))));
            return [.. replies.Select(static reply => reply.Part!)];
        }).RunAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.StopAsync(default);
        await _cluster.DisposeAsync();
        await _node.StopAsync();
        _node.Dispose();
    }
}
