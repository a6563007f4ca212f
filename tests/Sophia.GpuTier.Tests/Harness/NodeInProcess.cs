using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Memory;
using Sophia.Memory.Models;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Tests.Infrastructure;

namespace Sophia.GpuTier.Tests.Harness;

/// <summary>A node of L0 in the test's own process, whose shards begin and end their searches when the test says so.</summary>
internal sealed class NodeInProcess : IAsyncDisposable
{
    private readonly IHost _host;

    private NodeInProcess(string postgres, IRecordStore store)
    {
        var shards = new ShardHost(
            new DelegatingStore(store) { PretendShared = true, OwnsInner = false }, new OneShard(), 1_000, Engine, new ModelCatalog([], null), new MemoryOptions(), TimeProvider.System,
            NullLoggerFactory.Instance);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(_ => shards);
        builder.Services.AddSingleton(new NodeSpace(static () => 1 << 30));
        builder.AddShardNode(new ClusterSettings { Membership = "postgres", NodePort = 0, GatewayPort = 0, ProbeTimeout = TimeSpan.FromSeconds(10) }, postgres);
        _host = builder.Build();
    }

    public HeldEngine Engine { get; } = new();

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public ShardHost Shards => _host.Services.GetRequiredService<ShardHost>();

    public NodeSurvey Survey => _host.Services.GetRequiredService<NodeSurvey>();

    public SiloAddress Address => _host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    public static async Task<NodeInProcess> StartAsync(string postgres, IRecordStore store)
    {
        var node = new NodeInProcess(postgres, store);
        await node.Shards.StartAsync(default);
        await node._host.StartAsync();
        return node;
    }

    public SiloStatus StatusOf(NodeInProcess other) => _host.Services.GetRequiredService<ISiloStatusOracle>().GetApproximateSiloStatus(other.Address);

    public Task StopAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
