using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

/// <summary>What may come between a shard and the log that it follows.</summary>
public sealed class FollowingShardTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_search_that_waits_for_a_change_at_a_shard_that_is_dropped_is_answered_by_the_next_one()
    {
        await using var running = await RunningMemory.StartAsync();
        var last = (await running.PutAsync("k", "a walrus")).Sequence;
        await running.SearchAsync("walrus", last);

        var searching = running.Memory.SearchAsync(
            running.Notes, new SearchRequest { Query = "walrus", Mode = SearchMode.Lexical, MinSequence = Sequence.Of(last.Partition, last.Number + 1), Timeout = Patience }, new Trail(), default);
        Assert.False(searching.IsCompleted);
        await running.Memory.EvictAsync(Tier.L0, null, null);
        await running.PutAsync("other", "another walrus");

        Assert.Equal(2, (await searching.WaitAsync(Patience / 2)).RowsMatching);
    }

    [Fact]
    public async Task A_search_that_waits_for_a_change_of_another_namespace_in_its_partition_is_answered_though_nothing_of_that_is_for_its_shard()
    {
        await using var running = await RunningMemory.StartAsync();
        var own = (await running.PutAsync("k", "a walrus")).Sequence;
        await running.SearchAsync("walrus", own);
        var other = await BesideAsync(running);

        var searching = running.Memory.SearchAsync(
            running.Notes, new SearchRequest { Query = "walrus", Mode = SearchMode.Lexical, MinSequence = Sequence.Of(own.Partition, own.Number + 1), Timeout = Patience }, new Trail(), default);
        Assert.False(searching.IsCompleted);
        await running.Memory.PutAsync(other, [new PutRequest(new RecordDraft { Key = "k", Content = Encoding.UTF8.GetBytes("a seal") })], null, new Trail(), default);

        Assert.Equal(1, (await searching.WaitAsync(Patience / 2)).RowsMatching);
    }

    [Fact]
    public async Task A_full_disk_on_which_the_next_shard_cannot_be_opened_does_not_keep_a_shard_from_following_the_log()
    {
        await using var node = await Node.StartAsync(new FullDisk());
        var shard = await node.Host.OpenAsync(ShardAddress.Of(node.Notes, 0), default);
        await shard.WarmAsync(default);

        var last = await node.PutAsync("other");
        var reply = await shard.SearchAsync(Walrus with { Required = last, Timeout = Patience }, default);

        Assert.Equal((ShardOutcome.Found, 2), (reply.Outcome, reply.Answer?.Hits.Count));
        Assert.Equal(1, node.Engine.Created);
    }

    [Fact]
    public async Task A_shard_that_is_loading_is_not_behind_the_log()
    {
        await using var node = await Node.StartAsync(new OneShard());
        var scanned = new TaskCompletionSource();
        node.Store.AfterScanned = () =>
        {
            scanned.TrySetResult();
            return new TaskCompletionSource().Task;
        };

        await node.Host.OpenAsync(ShardAddress.Of(node.Notes, 0), default);
        await scanned.Task.WaitAsync(Patience);

        Assert.Equal(0, node.Host.Behind);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(20, 1)]
    public async Task A_shard_is_read_by_key_where_its_part_of_the_log_is_longer_than_all_that_there_is(int keys, int ranges)
    {
        // Before the node begins, so that it knows of them when it loads the shard.
        await using var node = await Node.StartAsync(new TwoShards(), async node =>
        {
            for (var i = 0; i < 40; i++)
            {
                await node.PutAsync($"k{i % keys}", $"walrus {i}");
            }
        });
        var shard = await node.Host.OpenAsync(ShardAddress.Of(node.Notes, 0), default);
        var reply = await shard.SearchAsync(Walrus with { Timeout = Patience }, default);

        Assert.Equal(keys + 1, reply.Records);
        Assert.Equal(ranges, node.Store.RangeScans);
    }

    /// <summary>A namespace in the partition of another.</summary>
    private static async Task<NamespaceInfo> BesideAsync(RunningMemory running)
    {
        for (var i = 0; ; i++)
        {
            var other = await running.Store.EnsureNamespaceAsync("acme", $"other-{i}", new NamespaceSettings { VectorSource = VectorSource.None }, default);
            if (other.Partition == running.Notes.Partition)
            {
                return other;
            }
        }
    }

    private static ShardCall Walrus => new(new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical, Now = DateTimeOffset.UtcNow }, 0, 0, TimeSpan.Zero);

    /// <summary>A node whose shards are full with one record, and a service that writes and has written one before.</summary>
    private sealed class Node : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("sophia-test").FullName;
        private readonly MemoryHierarchy _writer;

        private Node(IShardMap map)
        {
            var store = SqliteRecordStore.Create(_folder, TimeProvider.System);
            _writer = new MemoryHierarchy(store, null, Engine, null, new MemoryOptions(), TimeProvider.System);
            Store = new DelegatingStore(store) { PretendShared = true, OwnsInner = false };
            Host = new ShardHost(Store, map, 1, Engine, new ModelCatalog([], null), new MemoryOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        }

        public CountingEngine Engine { get; } = new();

        public DelegatingStore Store { get; }

        public ShardHost Host { get; }

        public NamespaceInfo Notes { get; private set; } = null!;

        public static async Task<Node> StartAsync(IShardMap map, Func<Node, Task>? before = null)
        {
            var node = new Node(map);
            await node._writer.StartAsync(default);
            node.Notes = await node._writer.Store.EnsureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
            await node.PutAsync("k");
            await (before?.Invoke(node) ?? Task.CompletedTask);
            await node.Host.StartAsync(default);
            return node;
        }

        public async Task<long> PutAsync(string key, string text = "a walrus") => (await _writer.PutAsync(
            Notes, [new PutRequest(new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes(text) })], null, new Trail(), default)).Last.Number;

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            await _writer.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private sealed class TwoShards : IShardMap
    {
        public ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken) => new([1_000]);

        public ValueTask<long> OpenAsync(NamespaceInfo ns, int shard, int ahead, CancellationToken cancellationToken) => throw new InvalidOperationException("No shard is full.");
    }

    private sealed class FullDisk : IShardMap
    {
        public ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken) => new([]);

        public ValueTask<long> OpenAsync(NamespaceInfo ns, int shard, int ahead, CancellationToken cancellationToken) => throw new StoreFullException("The disk is full in this test.");
    }
}
