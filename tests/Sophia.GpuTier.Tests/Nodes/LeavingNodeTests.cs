using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Sophia.Faults.Tests.Harness;
using Sophia.Gpu.Grains.Shards;
using Sophia.GpuTier.Tests.Harness;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.GpuTier.Tests.Nodes;

[Collection(ClusterTests.Name)]
public sealed class LeavingNodeTests(Database database)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task A_node_that_leaves_answers_for_its_shards_until_the_last_search_in_them_is_over()
    {
        await using var nodes = await NodesInProcess.PrepareAsync(database);
        await using var stays = await nodes.StartAsync();
        await using var leaves = await nodes.StartAsync();
        await Eventually.IsTrueAsync(() => stays.StatusOf(leaves) == SiloStatus.Active, "the nodes know each other");
        RequestContext.Set(IPlacementDirector.PlacementHintKey, leaves.Address);
        var query = new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical };
        var searching = leaves.Grains.GetGrain<IShardGrain>(ShardAddress.Of(nodes.Notes, 0).ToString()).SearchAsync(new Immutable<ShardCall>(new ShardCall(query, 0, 0, Patience)), default);
        await leaves.Engine.Searching.Task.WaitAsync(Patience);

        var leaving = leaves.StopAsync();
        List<UnconfirmedCopy> during;
        try
        {
            await Eventually.IsTrueAsync(() => stays.StatusOf(leaves) == SiloStatus.ShuttingDown, "the node is known to leave");

            // A change that it has not come to.
            during = await stays.Survey.ReachAllAsync(nodes.Notes.Id, 1_000, TimeSpan.FromMilliseconds(200));
        }
        finally
        {
            leaves.Engine.Go.SetResult();
        }

        await leaving.WaitAsync(Patience);
        await Eventually.IsTrueAsync(() => stays.StatusOf(leaves) == SiloStatus.Dead, "the node is known to have left");

        var copy = Assert.Single(during);
        Assert.Equal((leaves.Address.ToString(), 0), (copy.Node, copy.Shard));
        Assert.Empty(await stays.Survey.ReachAllAsync(nodes.Notes.Id, 1_000, TimeSpan.FromMilliseconds(200)));
        Assert.Equal(ShardOutcome.Found, (await searching.WaitAsync(Patience)).Value.Outcome);
    }
}
