using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Sophia.Faults.Tests.Harness;
using Sophia.Gpu.Grains.Shards;
using Sophia.GpuTier.Tests.Harness;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Postgres;
using Sophia.Stores.Sqlite;

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
        await using var stays = await NodeInProcess.StartAsync(postgres, store);
        await using var leaves = await NodeInProcess.StartAsync(postgres, store);
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
}
