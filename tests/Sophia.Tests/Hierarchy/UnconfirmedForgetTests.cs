using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Tiers;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

/// <summary>A service that forgets, and a node of L0 over the same store that comes to it late.</summary>
public sealed class UnconfirmedForgetTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_shard_that_a_node_holds_and_nobody_asks_there_is_waited_for()
    {
        await using var two = await ServiceAndNode.StartAsync();
        await two.Node.PrepareAsync(two.Address, default);
        two.NodeStore.LogIsDown = true;

        var forgetting = two.ForgetAsync();
        await two.Nodes.Asked.Task.WaitAsync(Patience);
        Assert.False(forgetting.IsCompleted);
        two.NodeStore.LogIsDown = false;

        Assert.Empty((await forgetting).NotConfirmed);
        Assert.Equal((false, 0), (Assert.Single(two.Node.Report()).IsServed, Assert.Single(two.Node.Report()).Records));
    }

    [Fact]
    public async Task A_shard_that_a_node_holds_and_does_not_serve_goes_with_an_eviction()
    {
        await using var two = await ServiceAndNode.StartAsync();
        await two.Node.PrepareAsync(two.Address, default);

        Assert.Empty(await two.Node.EvictAsync(two.Notes.Id + 1));
        Assert.Equal([two.Address], await two.Node.EvictAsync(two.Notes.Id));

        Assert.Empty(two.Node.Report());
    }

    [Fact]
    public async Task A_shard_that_was_prepared_to_be_moved_and_is_not_goes_unless_it_is_served()
    {
        await using var two = await ServiceAndNode.StartAsync();
        await two.Node.PrepareAsync(two.Address, default);
        await two.Node.ForgoAsync(two.Address);
        Assert.Empty(two.Node.Report());
        Assert.Equal(1, two.Engine.Disposed);
        // Another node has it: it may be asked for there, and its going here says nothing of the memory.
        Assert.Empty(two.Engine.Evictions);

        await two.Node.PrepareAsync(two.Address, default);
        var served = await two.Node.OpenAsync(two.Address, default);
        await two.Node.ForgoAsync(two.Address);
        Assert.True(Assert.Single(two.Node.Report()).IsServed);

        await served.ReleaseAsync();
        Assert.Empty(two.Node.Report());
    }

    [Fact]
    public async Task A_shard_that_is_looked_for_is_served_where_it_is_in_memory_and_loaded_nowhere()
    {
        await using var two = await ServiceAndNode.StartAsync();
        Assert.Null(await two.Node.ServeAsync(two.Address, default));
        Assert.Empty(two.Node.Report());

        await two.Node.PrepareAsync(two.Address, default);
        Assert.NotNull(await two.Node.ServeAsync(two.Address, default));
        Assert.True(Assert.Single(two.Node.Report()).IsServed);
    }

    [Fact]
    public async Task Copies_of_before_redis_epoch_are_told_as_what_may_still_be_held_while_there_may_be_some()
    {
        var redis = new ScriptedCache { UnreachableUntil = new DateTimeOffset(2026, 3, 1, 12, 30, 0, TimeSpan.Zero) };
        await using var running = await RunningMemory.StartAsync(shared: redis);
        await running.PutAsync("k", "a secret");

        var proof = await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { Keys = ["k"] }, new Trail(), default);

        Assert.Contains(proof.StillHeldBy, static holder => holder.StartsWith("Redis: copies of before", StringComparison.Ordinal) && holder.Contains("2026-03-01 12:30", StringComparison.Ordinal));
        Assert.Empty(proof.NotConfirmed);
        redis.UnreachableUntil = null;
        proof = await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { Keys = ["k"] }, new Trail(), default);
        Assert.DoesNotContain(proof.StillHeldBy, static holder => holder.StartsWith("Redis", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_shard_that_is_being_loaded_and_is_not_done_in_time_is_named_with_its_node_also_when_the_forget_is_sent_again_and_ends_without_the_record()
    {
        await using var two = await ServiceAndNode.StartAsync();
        var (read, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        two.NodeStore.AfterScanned = () =>
        {
            read.TrySetResult();
            return goOn.Task;
        };
        var loading = two.Node.PrepareAsync(two.Address, default);
        await read.Task.WaitAsync(Patience);

        var (proof, again) = (await two.ForgetAsync(), await two.ForgetAsync());

        Assert.Equal((1, 0), (proof.Matched, again.Matched));
        foreach (var told in new[] { proof, again })
        {
            var copy = Assert.Single(told.NotConfirmed);
            Assert.Equal((Tier.L0, "node of the test", 0), (copy.Tier, copy.Node, copy.Shard));
            Assert.StartsWith("It is still being loaded", copy.Reason, StringComparison.Ordinal);
            Assert.Contains(told.StillHeldBy, static holder => holder.StartsWith("A shard on a node of L0", StringComparison.Ordinal));
        }

        goOn.SetResult();
        await loading;
        Assert.Empty((await two.ForgetAsync()).NotConfirmed);
        Assert.Empty(await two.Node.ReachAsync(two.Notes.Id, proof.Last.Number, Patience, default));
        Assert.Equal(0, Assert.Single(two.Node.Report()).Records);
    }

    [Fact]
    public async Task A_shard_whose_loading_began_behind_the_tombstone_is_confirmed_as_soon_as_it_is_loaded()
    {
        await using var two = await ServiceAndNode.StartAsync();
        await two.PutAsync("other");
        var proof = await two.ForgetAsync();
        await two.Node.PrepareAsync(two.Address, default);
        await two.Node.ReachAsync(two.Notes.Id, proof.Last.Number, Patience, default);
        var (read, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        two.NodeStore.AfterScanned = () =>
        {
            read.TrySetResult();
            return goOn.Task;
        };
        var again = two.Node.PrepareAsync(two.Address with { Language = "de" }, default);
        await read.Task.WaitAsync(Patience);

        var reaching = two.Node.ReachAsync(two.Notes.Id, proof.Last.Number, Timeout.InfiniteTimeSpan, default);
        goOn.SetResult();

        Assert.Empty(await reaching.WaitAsync(Patience));
        await again;
    }

    [Fact]
    public async Task Nodes_that_say_nothing_are_named_and_a_dry_run_names_none()
    {
        await using var two = await ServiceAndNode.StartAsync();
        two.Nodes.AreAway = true;

        var proof = await two.ForgetAsync();

        var copy = Assert.Single(proof.NotConfirmed);
        Assert.Equal(new UnconfirmedCopy(Tier.L0, null, null, "No node said anything. Away in this test."), copy);
        Assert.Contains(proof.StillHeldBy, static holder => holder.StartsWith("The nodes of L0 did not say", StringComparison.Ordinal));
        Assert.Empty((await two.ForgetAsync(isDryRun: true)).NotConfirmed);
    }

    [Fact]
    public async Task A_device_of_a_node_on_which_nothing_can_be_overwritten_is_named_with_the_reason()
    {
        await using var two = await ServiceAndNode.StartAsync();
        await two.Node.PrepareAsync(two.Address, default);
        two.Engine.Standing = ["What was taken away may stand on the device n/0 until it is well again or the process ends. CUDA error 700"];

        var answer = await two.ForgetAsync();

        var copy = Assert.Single(answer.NotConfirmed);
        Assert.Equal((Tier.L0, null, two.Engine.Standing[0]), (copy.Tier, copy.Shard, copy.Reason));
        Assert.Contains(answer.StillHeldBy, holder => holder.Contains(copy.Reason, StringComparison.Ordinal));
    }

    private sealed class ServiceAndNode : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("sophia-test").FullName;

        private ServiceAndNode()
        {
            var store = SqliteRecordStore.Create(_folder, TimeProvider.System);
            NodeStore = new DelegatingStore(store) { PretendShared = true, OwnsInner = false };
            Node = new ShardHost(NodeStore, new OneShard(), 1_000, Engine, new ModelCatalog([], null), new MemoryOptions(), TimeProvider.System, NullLoggerFactory.Instance);
            Nodes = new OneNode(Node);
            Service = new MemoryHierarchy(store, null, new HostShardEngine(), null, new MemoryOptions(), TimeProvider.System, cluster: Nodes);
        }

        public MemoryHierarchy Service { get; }

        public DelegatingStore NodeStore { get; }

        /// <summary>The node's.</summary>
        public CountingEngine Engine { get; } = new();

        public ShardHost Node { get; }

        public OneNode Nodes { get; }

        public NamespaceInfo Notes { get; private set; } = null!;

        public ShardAddress Address => ShardAddress.Of(Notes, 0);

        public static async Task<ServiceAndNode> StartAsync()
        {
            var two = new ServiceAndNode();
            await two.Service.StartAsync(default);
            two.Notes = await two.Service.ConfigureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
            await two.PutAsync("k");
            await two.Node.StartAsync(default);
            return two;
        }

        public async Task PutAsync(string key) => await Service.PutAsync(
            Notes, [new PutRequest(new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes("A walrus in the harbour.") })], null, new Trail(), default);

        public Task<ForgetAnswer> ForgetAsync(bool isDryRun = false) =>
            Service.ForgetAsync(Notes, new ForgetRequest { Keys = ["k"], DryRun = isDryRun }, new Trail(), default);

        public async ValueTask DisposeAsync()
        {
            await Node.DisposeAsync();
            await Service.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private sealed class OneNode(ShardHost node) : IShardCluster
    {
        public bool AreAway { get; set; }

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Engine => "nodes of the test";

        public TierState State => TierState.Healthy;

        public string? Reason => null;

        public IReadOnlyList<ClusterNode> Nodes => [];

        public async Task<IReadOnlyList<UnconfirmedCopy>> ReachAsync(NamespaceInfo ns, long number, TimeSpan timeout, CancellationToken cancellationToken)
        {
            if (AreAway)
            {
                throw new ClusterUnavailableException("Away in this test.");
            }

            var reaching = node.ReachAsync(ns.Id, number, timeout, cancellationToken);
            Asked.TrySetResult();
            return [.. (await reaching).Select(static copy => copy with { Node = "node of the test" })];
        }

        public Task<IReadOnlyList<HeldShard>> HeldAsync(NamespaceInfo ns, CancellationToken cancellationToken) => Task.FromResult(node.Report());

        public Task<ClusterAnswer> SearchAsync(NamespaceInfo ns, ClusterCall call, CancellationToken cancellationToken) => throw new ClusterUnavailableException("Away in this test.");

        public Task<int> EvictAsync(NamespaceInfo ns, CancellationToken cancellationToken) => Task.FromResult(0);

        public Task WarmAsync(NamespaceInfo ns, CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask PaceAsync(NamespaceInfo ns, long number, int written) => ValueTask.CompletedTask;
    }
}
