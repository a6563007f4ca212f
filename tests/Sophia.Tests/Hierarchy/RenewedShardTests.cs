using Microsoft.Extensions.Time.Testing;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;
using static Sophia.Tests.Infrastructure.ThinnedNode;

namespace Sophia.Tests.Hierarchy;

/// <summary>Shards whose records went, which are loaded anew beside the old ones.</summary>
public sealed class RenewedShardTests
{
    private const long MiB = 1 << 20;

    [Fact]
    public async Task A_shard_whose_records_went_to_a_later_one_takes_the_memory_of_what_it_has_now_and_searches_meanwhile_find_all()
    {
        await using var node = await ThinnedNode.StartAsync();
        var before = Assert.Single(node.Host.Report());
        var (read, goOn) = node.HoldLoading();
        using var enough = new CancellationTokenSource();
        var searching = Task.Run(async () =>
        {
            // Who waits for nothing is told where a shard is missing.
            for (; !enough.IsCancellationRequested; await Task.Yield())
            {
                Assert.Equal((ShardOutcome.Found, Left), await node.SearchAsync());
            }
        });

        await node.Host.TidyAsync();
        await read.WaitAsync(Patience);
        Assert.Equal((2, 0), (node.Engine.Created, node.Engine.Disposed));
        goOn();
        await node.Host.Renewing.WaitAsync(Patience);
        await enough.CancelAsync();
        await searching;

        var after = Assert.Single(node.Host.Report());
        Assert.Equal((2, 1), (node.Engine.Created, node.Engine.Disposed));
        Assert.Equal((before.Address, before.Records, before.First, before.End), (after.Address, after.Records, after.First, after.End));
        Assert.InRange(after.Bytes, 1, before.Bytes / 3);
        Assert.Equal(after.Bytes, node.Host.SizeInMemory);
        await node.Host.TidyAsync();
        Assert.Equal(2, node.Engine.Created);

        // What is not in pages is the collector's to give back.
        for (var patience = 0; node.Engine.First!.IsAlive && patience < 200; patience++)
        {
            await Task.Delay(10);
            GC.Collect();
        }

        Assert.False(node.Engine.First.IsAlive);
    }

    [Fact]
    public async Task The_old_shard_answers_the_search_that_is_under_way_in_it_before_it_goes()
    {
        await using var node = await ThinnedNode.StartAsync();
        using var goOn = new ManualResetEventSlim();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Engine.BeforeAsk = () =>
        {
            begun.TrySetResult();
            Assert.True(goOn.Wait(Patience));
        };
        var searching = Task.Run(node.AskForWordsAsync);
        await begun.Task.WaitAsync(Patience);
        node.Engine.BeforeAsk = null;
        var before = Assert.Single(node.Host.Report()).LoadedAt;

        node.Clock.Advance(TimeSpan.FromSeconds(1));
        await node.Host.TidyAsync();
        using var patience = new CancellationTokenSource(Patience);
        while (Assert.Single(node.Host.Report()).LoadedAt == before)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal((ShardOutcome.Found, Left), await node.SearchAsync());
        Assert.Equal((2, 0, false), (node.Engine.Created, node.Engine.Disposed, searching.IsCompleted));
        goOn.Set();
        Assert.Equal(Left, await searching);
        await node.Host.Renewing.WaitAsync(Patience);
        Assert.Equal(1, node.Engine.Disposed);
    }

    [Fact]
    public async Task What_changes_while_a_shard_is_renewed_has_changed_in_the_new_one()
    {
        await using var node = await ThinnedNode.StartAsync();
        var (read, goOn) = node.HoldLoading();
        await node.Host.TidyAsync();
        await read.WaitAsync(Patience);

        var last = await node.PutAsync(0, 5, "second");
        Assert.Equal((ShardOutcome.Found, Left - 5), await node.SearchAsync(last));
        goOn();
        await node.Host.Renewing.WaitAsync(Patience);

        Assert.Equal((ShardOutcome.Found, Left - 5), await node.SearchAsync());
        Assert.Equal((2, 1), (node.Engine.Created, node.Engine.Disposed));
    }

    [Fact]
    public async Task A_forget_waits_for_the_shard_that_is_loaded_beside_the_one_that_is_asked_and_nothing_stays_in_it()
    {
        await using var node = await ThinnedNode.StartAsync();
        var (read, goOn) = node.HoldLoading();
        await node.Host.TidyAsync();
        await read.WaitAsync(Patience);

        var last = await node.ForgetAsync(0, 5);
        Assert.Equal((ShardOutcome.Found, Left - 5), await node.SearchAsync(last));
        var copy = Assert.Single(await node.Host.ReachAsync(node.Notes.Id, last, TimeSpan.Zero, default));
        Assert.StartsWith("It is still being loaded", copy.Reason, StringComparison.Ordinal);
        var reaching = node.Host.ReachAsync(node.Notes.Id, last, Timeout.InfiniteTimeSpan, default);
        Assert.False(reaching.IsCompleted);
        goOn();

        Assert.Empty(await reaching.WaitAsync(Patience));
        await node.Host.Renewing.WaitAsync(Patience);
        Assert.Equal(Left - 5, Assert.Single(node.Host.Report()).Records);
        Assert.Equal((2, 1), (node.Engine.Created, node.Engine.Disposed));
    }

    [Fact]
    public async Task An_eviction_while_a_shard_is_renewed_leaves_nothing_of_both()
    {
        await using var node = await ThinnedNode.StartAsync();
        var (read, _) = node.HoldLoading();
        await node.Host.TidyAsync();
        await read.WaitAsync(Patience);

        Assert.Equal([node.Address], await node.Host.EvictAsync(node.Notes.Id));

        await node.Host.Renewing.WaitAsync(Patience);
        Assert.Empty(node.Host.Report());
        Assert.Equal((0L, 2, 2), (node.Host.SizeInMemory, node.Engine.Created, node.Engine.Disposed));
    }

    [Fact]
    public async Task A_host_that_is_closed_while_a_shard_is_renewed_waits_for_no_end_of_the_loading()
    {
        await using var node = await ThinnedNode.StartAsync();
        var (read, _) = node.HoldLoading();
        await node.Host.TidyAsync();
        await read.WaitAsync(Patience);

        await node.Host.DisposeAsync().AsTask().WaitAsync(Patience);

        Assert.Equal((2, 2), (node.Engine.Created, node.Engine.Disposed));
    }

    [Fact]
    public async Task A_store_that_fails_leaves_the_old_shard_serving_and_is_tried_again_after_a_while()
    {
        await using var node = await ThinnedNode.StartAsync();
        node.Store.AfterScanned = static () => throw new StoreUnavailableException("Away in this test.");
        await node.Host.TidyAsync();
        await node.Host.Renewing.WaitAsync(Patience);

        Assert.Equal((ShardOutcome.Found, Left), await node.SearchAsync());
        Assert.Equal((2, 1), (node.Engine.Created, node.Engine.Disposed));
        node.Store.AfterScanned = null;
        await node.Host.TidyAsync();
        Assert.Equal(2, node.Engine.Created);

        node.Clock.Advance(ShardDirectory.RenewalPause);
        await node.Host.TidyAsync();
        await node.Host.Renewing.WaitAsync(Patience);
        Assert.Equal((ShardOutcome.Found, Left), await node.SearchAsync());
        Assert.Equal((3, 2), (node.Engine.Created, node.Engine.Disposed));
    }

    [Fact]
    public async Task A_renewal_for_which_there_is_no_room_is_given_up_and_the_old_shard_is_not_refused()
    {
        await using var node = await ThinnedNode.StartAsync(mostBytes: 50 * MiB);
        node.Engine.SizeOfShard = 30 * MiB;
        await node.Host.TidyAsync();
        await node.Host.Renewing.WaitAsync(Patience);
        await node.Host.TidyAsync();

        Assert.Equal((2, 1), (node.Engine.Created, node.Engine.Disposed));
        Assert.Equal((ShardOutcome.Found, Left), await node.SearchAsync());

        node.Engine.SizeOfShard = 20 * MiB;
        node.Clock.Advance(ShardDirectory.RenewalPause);
        await node.Host.TidyAsync();
        await node.Host.Renewing.WaitAsync(Patience);
        Assert.Equal((3, 2), (node.Engine.Created, node.Engine.Disposed));
    }

    [Fact]
    public async Task A_shard_that_is_asked_for_takes_the_room_of_a_renewal()
    {
        await using var node = await ThinnedNode.StartAsync(mostBytes: 50 * MiB);
        node.Engine.SizeOfShard = 20 * MiB;
        var (read, _) = node.HoldLoading();
        await node.Host.TidyAsync();
        await read.WaitAsync(Patience);

        await node.Host.PrepareAsync(node.Address with { Number = 1 }, default);

        await node.Host.Renewing.WaitAsync(Patience);
        Assert.Equal([(0, Left), (1, Records - Left)], node.Host.Report().Select(static held => (ShardAddress.Parse(held.Address).Number, (int)held.Records)).Order());
        Assert.Equal((3, 1), (node.Engine.Created, node.Engine.Disposed));
    }

    [Fact]
    public async Task A_service_renews_the_shards_of_its_own_process_beside_its_searches()
    {
        var directory = Directory.CreateTempSubdirectory("sophia-test");
        var engine = new CountingEngine();
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));
        await using (var memory = new MemoryHierarchy(SqliteRecordStore.Create(directory.FullName, clock), null, engine, null, Options, clock))
        {
            await memory.StartAsync(default);
            var ns = await memory.ConfigureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
            await memory.PutAsync(ns, [.. Enumerable.Range(0, Records).Select(static i => Walrus(i, "first"))], null, new Trail(), default);
            Assert.Equal(Records, await CountAsync());
            await memory.ForgetAsync(ns, new ForgetRequest { Keys = [.. Enumerable.Range(Left, Records - Left).Select(static i => $"k{i}")] }, new Trail(), default);
            Assert.Equal((Left, 1, 0), (await CountAsync(), engine.Created, engine.Disposed));

            clock.Advance(Options.SweepInterval);
            await engine.FirstDisposed.WaitAsync(Patience);

            Assert.Equal((Left, 2, 1), (await CountAsync(), engine.Created, engine.Disposed));

            async Task<int> CountAsync() => (int)(await memory.SearchAsync(ns, new SearchRequest { Query = "walrus", Mode = SearchMode.Lexical, Timeout = Patience }, new Trail(), default)).RowsMatching;
        }

        directory.Delete(recursive: true);
    }
}
