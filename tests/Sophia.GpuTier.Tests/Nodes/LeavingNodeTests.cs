using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Sophia.Faults.Tests.Harness;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Grains.Shards;
using Sophia.Gpu.Shards;
using Sophia.GpuTier.Tests.Harness;
using Sophia.Memory;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Stores.Postgres;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.GpuTier.Tests.Nodes;

[Collection(ClusterTests.Name)]
public sealed class LeavingNodeTests(Database database)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task A_node_that_leaves_answers_for_its_shards_until_the_last_search_in_them_is_over()
    {
        var postgres = database.New();
        await using var source = NpgsqlDataSource.Create(postgres);
        await ClusterMembership.PrepareAsync(source, default);
        using var folder = new TestFolder();
        await using var store = SqliteRecordStore.Create(folder.Path, TimeProvider.System, NullLogger.Instance, null);
        await store.OpenAsync(default);
        var ns = await store.EnsureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        await using var stays = await Node.StartAsync(postgres, store);
        await using var leaves = await Node.StartAsync(postgres, store);
        await Eventually.IsTrueAsync(() => stays.StatusOf(leaves) == SiloStatus.Active, "the nodes know each other");
        RequestContext.Set(IPlacementDirector.PlacementHintKey, leaves.Address);
        var query = new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical };
        var searching = leaves.Grains.GetGrain<IShardGrain>(ShardAddress.Of(ns, 0).ToString()).SearchAsync(new Immutable<ShardCall>(new ShardCall(query, 0, 0, Patience)), default);
        await leaves.Engine.Searching.Task.WaitAsync(Patience);

        var leaving = leaves.StopAsync();
        List<UnconfirmedCopy> during;
        try
        {
            await Eventually.IsTrueAsync(() => stays.StatusOf(leaves) == SiloStatus.ShuttingDown, "the node is known to leave");

            // A change that it has not come to.
            during = await stays.Survey.ReachAllAsync(ns.Id, 1_000, TimeSpan.FromMilliseconds(200));
        }
        finally
        {
            leaves.Engine.Go.SetResult();
        }

        await leaving.WaitAsync(Patience);
        await Eventually.IsTrueAsync(() => stays.StatusOf(leaves) == SiloStatus.Dead, "the node is known to have left");

        var copy = Assert.Single(during);
        Assert.Equal((leaves.Address.ToString(), 0), (copy.Node, copy.Shard));
        Assert.Empty(await stays.Survey.ReachAllAsync(ns.Id, 1_000, TimeSpan.FromMilliseconds(200)));
        Assert.Equal(ShardOutcome.Found, (await searching.WaitAsync(Patience)).Value.Outcome);
    }

    /// <summary>A node in this process.</summary>
    private sealed class Node : IAsyncDisposable
    {
        private readonly IHost _host;

        private Node(string postgres, IRecordStore store)
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

        public NodeSurvey Survey => _host.Services.GetRequiredService<NodeSurvey>();

        public SiloAddress Address => _host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

        public static async Task<Node> StartAsync(string postgres, IRecordStore store)
        {
            var node = new Node(postgres, store);
            await node._host.Services.GetRequiredService<ShardHost>().StartAsync(default);
            await node._host.StartAsync();
            return node;
        }

        public SiloStatus StatusOf(Node other) => _host.Services.GetRequiredService<ISiloStatusOracle>().GetApproximateSiloStatus(other.Address);

        public Task StopAsync() => _host.StopAsync();

        public async ValueTask DisposeAsync()
        {
            await _host.StopAsync();
            await ((IAsyncDisposable)_host).DisposeAsync();
        }
    }

    /// <summary>Makes shards whose searches begin and end when the test says so.</summary>
    private sealed class HeldEngine : IShardEngine
    {
        public TaskCompletionSource Searching { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Engine => "held";

        public IShard Create(NamespaceInfo ns) => new Shard(new HostShardEngine().Create(ns), this);

        public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) => [];

        private sealed class Shard(IShard inner, HeldEngine engine) : DelegatingShard(inner)
        {
            public override ShardAnswer Search(ShardQuery query, CancellationToken cancellationToken)
            {
                engine.Searching.TrySetResult();
                engine.Go.Task.Wait(cancellationToken);
                return base.Search(query, cancellationToken);
            }
        }
    }
}
