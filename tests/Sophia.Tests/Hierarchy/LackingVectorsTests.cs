using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

/// <summary>Records whose vectors are of the model before, in a shard that was loaded while the new one made none of documents.</summary>
public sealed class LackingVectorsTests
{
    [Fact]
    public async Task A_search_by_vector_says_how_many_records_lack_theirs_and_counts_those_no_more_that_got_one_or_went()
    {
        await using var memory = await ChangedMemory.StartAsync();

        await memory.HasAsync(2, SearchMode.Hybrid);
        await memory.HasAsync(2, SearchMode.Vector);
        await memory.HasAsync(0, SearchMode.Lexical);

        memory.Model.IsAway = false;
        var last = await memory.PutAsync("k1", "another text");
        await memory.HasAsync(1, SearchMode.Hybrid, last);

        last = (await memory.Service.ForgetAsync(memory.Changed, new ForgetRequest { Keys = ["k2"] }, new Trail(), default)).Last;
        await memory.HasAsync(0, SearchMode.Hybrid, last);
    }

    [Fact]
    public async Task A_record_that_comes_by_the_log_without_the_vector_is_counted_too()
    {
        await using var memory = await ChangedMemory.StartAsync();
        await memory.HasAsync(2, SearchMode.Vector);

        var last = await memory.PutAsync("k4", "a late walrus", isBefore: true);

        await memory.HasAsync(3, SearchMode.Vector, last);
    }

    [Fact]
    public async Task A_node_says_it_with_its_answer()
    {
        await using var memory = await ChangedMemory.StartAsync();
        await using var node = new ShardHost(
            new DelegatingStore(memory.Store) { PretendShared = true, OwnsInner = false }, new OneShard(), 1_000, new HostShardEngine(), memory.Models, new MemoryOptions(),
            TimeProvider.System, NullLoggerFactory.Instance);
        await node.StartAsync(default);
        var shard = await node.OpenAsync(ShardAddress.Of(memory.Changed, 0), default);

        var reply = await shard.SearchAsync(
            new ShardCall(new ShardQuery { Text = "walrus", Vector = [1, 0], Now = DateTimeOffset.UtcNow }, 0, 0, TimeSpan.FromSeconds(60)), default);

        Assert.Equal((ShardOutcome.Found, 2L), (reply.Outcome, reply.WithoutVector));
    }

    [Fact]
    public async Task A_node_that_cannot_look_a_vector_up_for_a_moment_goes_on_from_where_it_was()
    {
        await using var memory = await ChangedMemory.StartAsync();
        var engine = new CountingEngine();
        var store = new DelegatingStore(memory.Store) { PretendShared = true, OwnsInner = false };
        await using var node = new ShardHost(
            store, new OneShard(), 1_000, engine, memory.Models, new MemoryOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        await node.StartAsync(default);
        var shard = await node.OpenAsync(ShardAddress.Of(memory.Changed, 0), default);
        await shard.WarmAsync(default);
        var failures = 0;
        store.BeforeReadVectors = () =>
        {
            if (Interlocked.Increment(ref failures) == 1)
            {
                throw new StoreUnavailableException("Away in this test.");
            }
        };

        var last = await memory.PutAsync("k4", "a late walrus", isBefore: true);
        var reply = await shard.SearchAsync(
            new ShardCall(new ShardQuery { Text = "walrus", Vector = [1, 0], Now = DateTimeOffset.UtcNow }, last.Number, 0, TimeSpan.FromSeconds(60)), default);

        Assert.Equal((ShardOutcome.Found, 3L), (reply.Outcome, reply.WithoutVector));
        Assert.True(failures > 1, "It was not looked up again.");
        Assert.Equal(1, engine.Created);
    }

    [Fact]
    public async Task A_shard_that_thinned_out_is_not_given_up_for_one_that_lacks_vectors()
    {
        await using var memory = await ChangedMemory.StartAsync();
        memory.Model.IsAway = false;
        string[] others = [.. Enumerable.Range(0, 8).Select(static i => $"other{i}")];
        foreach (var key in others)
        {
            await memory.PutAsync(key, $"{key} is a walrus", isBefore: true);
        }

        var engine = new CountingEngine();
        var store = new DelegatingStore(memory.Store) { PretendShared = true, OwnsInner = false };
        await using var node = new ShardHost(
            store, new OneShard(), 1_000, engine, memory.Models, new MemoryOptions { ThinnedOutSlots = 8 }, TimeProvider.System, NullLoggerFactory.Instance);
        await node.StartAsync(default);
        var shard = await node.OpenAsync(ShardAddress.Of(memory.Changed, 0), default);
        await shard.WarmAsync(default);
        var last = (await memory.Service.ForgetAsync(memory.Changed, new ForgetRequest { Keys = others }, new Trail(), default)).Last;
        var call = new ShardCall(new ShardQuery { Text = "walrus", Vector = [1, 0], Now = DateTimeOffset.UtcNow }, last.Number, 0, TimeSpan.FromSeconds(60));
        var found = await shard.SearchAsync(call, default);
        Assert.Equal((2L, 0L), (found.Records, found.WithoutVector));

        (memory.Model.IsAway, store.HidesVectors) = (true, true);
        await node.TidyAsync();
        await node.Renewing.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal((2, 1), (engine.Created, engine.Disposed));
        Assert.Equal(0, (await shard.SearchAsync(call, default)).WithoutVector);
    }

    private sealed class ChangedMemory : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("sophia-test").FullName;
        private NamespaceInfo _before = null!;

        private ChangedMemory()
        {
            Store = SqliteRecordStore.Create(_folder, TimeProvider.System);
            var before = new EmbeddingModel("before", "before#1", "test", null, 2, IsLocal: true, new PlainModel());
            Models = new ModelCatalog([before, new EmbeddingModel("after", "after#1", "test", null, 2, IsLocal: true, Model) { DocumentPrefix = PlainModel.Document }], before);
            Service = new MemoryHierarchy(Store, null, new HostShardEngine(), null, new MemoryOptions(), TimeProvider.System, models: Models);
        }

        public IRecordStore Store { get; }

        public ModelCatalog Models { get; }

        public MemoryHierarchy Service { get; }

        public PlainModel Model { get; } = new() { IsAway = true };

        /// <summary>As it is after the change, which nobody has made vectors for.</summary>
        public NamespaceInfo Changed => _before with { Settings = _before.Settings with { VectorModel = "after#1" } };

        public static async Task<ChangedMemory> StartAsync()
        {
            var memory = new ChangedMemory();
            await memory.Service.StartAsync(default);
            memory._before = await memory.Service.ConfigureNamespaceAsync(
                "acme", "notes", new NamespaceSettings { VectorSource = VectorSource.Embedder, VectorModel = "before#1", Dimensions = 2 }, default);
            await memory.PutAsync("k1", "a walrus", isBefore: true);
            await memory.PutAsync("k2", "the other walrus", isBefore: true);
            return memory;
        }

        public async Task<Sequence> PutAsync(string key, string text, bool isBefore = false) => (await Service.PutAsync(
            isBefore ? _before : Changed, [new PutRequest(new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes(text) })], null, new Trail(), default)).Last;

        public async Task HasAsync(long withoutVector, SearchMode mode, Sequence minSequence = default)
        {
            var trail = new Trail();
            var answer = await Service.SearchAsync(Changed, new SearchRequest { Query = "walrus", Mode = mode, MinSequence = minSequence }, trail, default);

            Assert.Equal((withoutVector, mode), (answer.WithoutVector, answer.Mode));
            Assert.Equal(withoutVector > 0, trail.Degraded?.StartsWith($"vectors-missing: {withoutVector} records", StringComparison.Ordinal) ?? false);
        }

        public async ValueTask DisposeAsync()
        {
            await Service.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private sealed class PlainModel : IEmbeddingGenerator<string, Embedding<float>>
    {
        public const string Document = "document: ";

        /// <summary>For documents; queries are answered.</summary>
        public bool IsAway { get; set; }

        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
            IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
        {
            var texts = values.ToArray();
            return IsAway && texts.Any(static text => text.StartsWith(Document, StringComparison.Ordinal))
                ? throw new EmbedderUnavailableException("after", "away in this test", TimeSpan.FromSeconds(1))
                : Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(texts.Select(static text => new Embedding<float>(new[] { 1f, text.Length }))));
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
