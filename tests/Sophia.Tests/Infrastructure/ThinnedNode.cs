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
using Sophia.Stores.Sqlite;

namespace Sophia.Tests.Infrastructure;

/// <summary>A node with the first of two shards, most of whose records were written again and went to the second; and a service that writes.</summary>
internal sealed class ThinnedNode : IAsyncDisposable
{
    public const int Records = 600;

    /// <summary>Of the records, in the first shard.</summary>
    public const int Left = 20;

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    public static readonly MemoryOptions Options = new() { ThinnedOutSlots = Records / 2 };
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-test").FullName;
    private readonly MemoryHierarchy _writer;
    private readonly TwoShards _map = new();
    private ShardHost.OpenShard _shard = null!;

    private ThinnedNode(long mostBytes)
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

    public static async Task<ThinnedNode> StartAsync(long mostBytes = long.MaxValue)
    {
        var node = new ThinnedNode(mostBytes);
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

    public static PutRequest Walrus(int i, string version) => new(new RecordDraft { Key = $"k{i}", Content = Encoding.UTF8.GetBytes($"walrus {i} {version}") });

    private sealed class TwoShards : IShardMap
    {
        public long Second { get; set; }

        public ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken) => new([Second]);

        public ValueTask<long> OpenAsync(NamespaceInfo ns, int shard, int ahead, CancellationToken cancellationToken) => throw new InvalidOperationException("There is a second one.");
    }
}
