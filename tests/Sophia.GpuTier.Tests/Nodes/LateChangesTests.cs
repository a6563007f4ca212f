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

        public async Task<ShardHost.OpenShard> OpenAsync() => await Host.OpenAsync(ShardAddress.Of(_ns, 0), default);

        public ShardCall Walrus(long required) => new(new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical, Now = _clock.GetUtcNow() }, required, 0, Patience);

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            await _writer.DisposeAsync();
            _folder.Dispose();
        }
    }

    /// <summary>No namespace has a second shard.</summary>
    private sealed class OneShard : IShardMap
    {
        public ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken) => new([]);

        public ValueTask<long> OpenAsync(long namespaceId, int shard, long first, CancellationToken cancellationToken) => new(first);
    }
}
