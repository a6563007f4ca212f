using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Faults.Tests.Harness;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.GpuTier.Tests.Nodes;

/// <summary>A node that learns late of what others write: its clock stands still, so it reads the log only when it is woken.</summary>
public sealed class LateChangesTests
{
    [Fact]
    public async Task A_record_that_changed_after_the_node_last_read_the_log_is_in_the_shard_that_is_loaded_then()
    {
        await using var node = await Node.StartAsync("A walrus in the harbour.");
        await node.PutAsync("k", "A walrus on the quay.");

        var reply = await (await node.OpenAsync()).SearchAsync(node.Walrus(0), default);

        Assert.Equal(["k"], Keys(reply));
    }

    [Fact]
    public async Task A_shard_that_was_brought_to_a_change_over_a_gap_in_the_log_is_loaded_anew_before_it_is_searched()
    {
        await using var node = await Node.StartAsync("A walrus in the harbour.");
        var shard = await node.OpenAsync();
        await shard.WarmAsync(default);
        var last = await node.WriteOverAGapAsync();

        var searching = shard.SearchAsync(node.Walrus(last), default).AsTask();
        node.Store.LogIsDown = false;
        await shard.ReachAsync(last, Node.Patience, default);

        Assert.Equal(["other"], Keys(await searching));
    }

    [Fact]
    public async Task A_shard_that_missed_changes_goes_from_memory_though_nobody_searches_it()
    {
        await using var node = await Node.StartAsync("A walrus in the harbour.");
        var shard = await node.OpenAsync();
        await shard.WarmAsync(default);
        await node.Host.TidyAsync();
        Assert.Single(node.Host.Report());

        var last = await node.WriteOverAGapAsync();
        node.Store.LogIsDown = false;
        await shard.ReachAsync(last, Node.Patience, default);
        await node.Host.TidyAsync();

        Assert.Empty(node.Host.Report());
    }

    [Fact]
    public async Task A_search_that_waits_for_a_change_at_a_shard_that_goes_is_answered_by_the_one_that_is_loaded_then()
    {
        await using var node = await Node.StartAsync("A walrus in the harbour.");
        var shard = await node.OpenAsync();
        await shard.WarmAsync(default);
        node.Store.LogIsDown = true;
        var last = await node.PutAsync("other", "Another walrus.");

        var searching = shard.SearchAsync(node.Walrus(last), default).AsTask();
        await shard.ReleaseAsync();
        await Eventually.IsTrueAsync(() => node.Host.Report().Count == 1, "the search has the shard loaded again");
        node.Store.LogIsDown = false;
        await shard.ReachAsync(last, Node.Patience, default);

        Assert.Equal(["k", "other"], Keys(await searching.WaitAsync(Node.Patience / 2)).Order());
    }

    [Fact]
    public async Task A_call_that_may_leave_the_shard_out_waits_for_its_token_and_not_for_its_loading()
    {
        await using var node = await Node.StartAsync("A walrus in the harbour.");
        var loading = new TaskCompletionSource();
        node.Store.AfterScanned = () => loading.Task;
        var shard = await node.OpenAsync();
        var last = await node.PutAsync("other", "Another walrus.");
        var call = node.Walrus(last) with { IsLeftOutWhileLoading = true };

        var early = await shard.SearchAsync(call, default).AsTask().WaitAsync(Node.Patience / 2);
        loading.SetResult();
        await shard.WarmAsync(default);

        Assert.Equal(ShardOutcome.Loading, early.Outcome);
        Assert.Equal(["k", "other"], Keys(await shard.SearchAsync(call, default)).Order());
    }

    [Fact]
    public async Task A_node_that_cannot_read_the_log_says_for_how_long_when_its_caller_knows_of_more()
    {
        await using var node = await Node.StartAsync("A walrus in the harbour.");
        var shard = await node.OpenAsync();
        await shard.WarmAsync(default);
        node.Store.LogIsDown = true;
        var last = await node.PutAsync("other", "Another walrus.");
        node.Clock.Advance(TimeSpan.FromMinutes(1));

        var late = await shard.SearchAsync(node.Walrus(0) with { Known = last }, default);
        var asGood = await shard.SearchAsync(node.Walrus(0) with { Known = last - 1 }, default);

        Assert.Equal(["k"], Keys(late));
        Assert.Equal(TimeSpan.FromMinutes(1), late.LogLag);
        Assert.Equal(TimeSpan.Zero, asGood.LogLag);
    }

    private static IEnumerable<string> Keys(ShardReply reply)
    {
        Assert.Equal(ShardOutcome.Found, reply.Outcome);
        return reply.Answer!.Hits.Select(static hit => hit.Key);
    }

    private sealed class Node : IAsyncDisposable
    {
        public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
        private readonly TestFolder _folder = new();
        private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

        private readonly MemoryHierarchy _writer;
        private NamespaceInfo _ns = null!;

        private Node()
        {
            var store = SqliteRecordStore.Create(_folder.Path, _clock, NullLogger.Instance, null);
            _writer = new MemoryHierarchy(store, null, new HostShardEngine(), null, new MemoryOptions(), _clock);
            Store = new DelegatingStore(store) { PretendShared = true, OwnsInner = false };
            Host = new ShardHost(Store, new OneShard(), 1_000, new HostShardEngine(), new ModelCatalog([], null), new MemoryOptions(), _clock, NullLoggerFactory.Instance);
        }

        public FakeTimeProvider Clock => _clock;

        public DelegatingStore Store { get; }

        public ShardHost Host { get; }

        /// <summary>The record is there before the node starts.</summary>
        public static async Task<Node> StartAsync(string text)
        {
            var node = new Node();
            await node._writer.StartAsync(default);
            node._ns = await node._writer.ConfigureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
            await node.PutAsync("k", text);
            await node.Host.StartAsync(default);
            return node;
        }

        public async Task<long> PutAsync(string key, string text) => (await _writer.PutAsync(
            _ns, [new PutRequest(new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes(text) })], null, new Trail(), default)).Last.Number;

        /// <summary>Deletes the record and writes another; the deletion is trimmed from the log, which the node cannot read until the test says so.</summary>
        public async Task<long> WriteOverAGapAsync()
        {
            Store.LogIsDown = true;
            await _writer.DeleteAsync(_ns, "k", default, null, new Trail(), default);
            _clock.Advance(TimeSpan.FromDays(1));
            Assert.NotEqual(0, (await Store.TrimLogAsync(_ns, _clock.GetUtcNow().AddHours(-1), Sequence.None, 100, default)).Count);
            return await PutAsync("other", "Another walrus.");
        }

        public async Task<ShardHost.OpenShard> OpenAsync() => await Host.OpenAsync(ShardAddress.Of(_ns, 0), default);

        public ShardCall Walrus(long required) => new(new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical, Now = _clock.GetUtcNow() }, required, 0, Patience);

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            await _writer.DisposeAsync();
            _folder.Dispose();
        }
    }
}
