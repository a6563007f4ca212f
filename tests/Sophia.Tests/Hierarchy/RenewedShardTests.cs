using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Embedding;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

/// <summary>Shards whose records went, which are loaded anew beside the old ones.</summary>
public sealed class RenewedShardTests
{
    private const int Records = 600;
    private const int Left = 20;
    private const long MiB = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly MemoryOptions Options = new() { ThinnedOutSlots = Records / 2 };

    [Fact]
    public async Task A_shard_whose_records_went_to_a_later_one_takes_the_memory_of_what_it_has_now_and_searches_meanwhile_find_all()
    {
        await using var node = await Node.StartAsync();
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
        GC.Collect();
        Assert.False(node.Engine.First!.IsAlive);
    }

    [Fact]
    public async Task The_old_shard_answers_the_search_that_is_under_way_in_it_before_it_goes()
    {
        await using var node = await Node.StartAsync();
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
        await using var node = await Node.StartAsync();
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
        await using var node = await Node.StartAsync();
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
        await using var node = await Node.StartAsync();
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
        await using var node = await Node.StartAsync();
        var (read, _) = node.HoldLoading();
        await node.Host.TidyAsync();
        await read.WaitAsync(Patience);

        await node.Host.DisposeAsync().AsTask().WaitAsync(Patience);

        Assert.Equal((2, 2), (node.Engine.Created, node.Engine.Disposed));
    }

    [Fact]
    public async Task A_store_that_fails_leaves_the_old_shard_serving_and_is_tried_again_after_a_while()
    {
        await using var node = await Node.StartAsync();
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
        await using var node = await Node.StartAsync(mostBytes: 50 * MiB);
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
        await using var node = await Node.StartAsync(mostBytes: 50 * MiB);
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

    private static PutRequest Walrus(int i, string version) => new(new RecordDraft { Key = $"k{i}", Content = Encoding.UTF8.GetBytes($"walrus {i} {version}") });

    /// <summary>A node with the first of two shards, most of whose records were written again and went to the second; and a service that writes.</summary>
    private sealed class Node : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("sophia-test").FullName;
        private readonly MemoryHierarchy _writer;
        private readonly TwoShards _map = new();
        private ShardHost.OpenShard _shard = null!;

        private Node(long mostBytes)
        {
            var store = SqliteRecordStore.Create(_folder, Clock);
            _writer = new MemoryHierarchy(store, null, Engine, new HashedEmbedder(), new MemoryOptions(), Clock);
            Store = new DelegatingStore(store) { PretendShared = true, OwnsInner = false };
            Host = new ShardHost(Store, _map, Records, Engine, ModelCatalog.Of(new HashedEmbedder()), Options, Clock, NullLoggerFactory.Instance, mostBytes);
        }

        public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));

        public CountingEngine Engine { get; } = new();

        public DelegatingStore Store { get; }

        public ShardHost Host { get; }

        public NamespaceInfo Notes { get; private set; } = null!;

        public ShardAddress Address => ShardAddress.Of(Notes, 0);

        public static async Task<Node> StartAsync(long mostBytes = long.MaxValue)
        {
            var node = new Node(mostBytes);
            await node._writer.StartAsync(default);
            node.Notes = await node._writer.Store.EnsureNamespaceAsync("acme", "notes", node._writer.DefaultSettings, default);
            node._map.Second = await node.PutAsync(0, Records, "first") + 1;
            await node.Host.StartAsync(default);
            node._shard = await node.Host.OpenAsync(node.Address, default);
            await node._shard.WarmAsync(default);
            var last = await node.PutAsync(Left, Records - Left, "second");
            Assert.Equal((ShardOutcome.Found, Left), await node.SearchAsync(last));
            return node;
        }

        /// <returns>The number of the last change.</returns>
        public async Task<long> PutAsync(int first, int count, string version) =>
            (await _writer.PutAsync(Notes, [.. Enumerable.Range(first, count).Select(i => Walrus(i, version))], null, new Trail(), default)).Last.Number;

        /// <returns>The number of the last tombstone.</returns>
        public async Task<long> ForgetAsync(int first, int count) =>
            (await _writer.ForgetAsync(Notes, new ForgetRequest { Keys = [.. Enumerable.Range(first, count).Select(static i => $"k{i}")] }, new Trail(), default)).Last.Number;

        /// <summary>What the first shard finds: without a change to wait for, it is told at once where it is not in memory.</summary>
        public async Task<(ShardOutcome Outcome, int Hits)> SearchAsync(long required = 0)
        {
            var query = new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical, K = Records, Now = Clock.GetUtcNow() };
            var reply = await _shard.SearchAsync(new ShardCall(query, required, 0, required > 0 ? Patience : TimeSpan.Zero), default);
            return (reply.Outcome, reply.Answer?.Hits.Count ?? 0);
        }

        /// <summary>Its part in a search over several shards.</summary>
        /// <returns>Documents that it has.</returns>
        public async Task<int?> AskForWordsAsync()
        {
            var part = new PartCall(PartKind.Words, new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical, Now = Clock.GetUtcNow() });
            return (await _shard.SearchAsync(new ShardCall(null, 0, 0, TimeSpan.Zero) { Part = part }, default)).Part?.Words?.Documents;
        }

        /// <summary>The next shard that is loaded reads one record and no more until it is told.</summary>
        public (Task Read, Action GoOn) HoldLoading()
        {
            var (read, goOn) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
            Store.AfterScanned = () =>
            {
                Store.AfterScanned = null;
                read.TrySetResult();
                return goOn.Task;
            };
            return (read.Task, goOn.SetResult);
        }

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            await _writer.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private sealed class TwoShards : IShardMap
    {
        public long Second { get; set; }

        public ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken) => new([Second]);

        public ValueTask<long> OpenAsync(NamespaceInfo ns, int shard, int ahead, CancellationToken cancellationToken) => throw new InvalidOperationException("There is a second one.");
    }
}
