using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Cortex;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Cortex;

/// <summary>What fails in the cache costs the cache: the answer is the model's, and paid for.</summary>
public sealed class CacheFailureTests : IAsyncLifetime, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-test").FullName;
    private readonly RefusingEmbedder _embedder = new();
    private readonly FullNode _node = new();
    private readonly CountedChat _chat = new();
    private DelegatingStore _store = null!;
    private MemoryHierarchy _memory = null!;
    private CortexMemory _cortex = null!;

    public async Task InitializeAsync()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));
        _store = new DelegatingStore(SqliteRecordStore.Create(_folder, clock));
        _memory = new MemoryHierarchy(_store, null, _node, _embedder, new MemoryOptions(), clock);
        await _memory.StartAsync(CancellationToken.None);
        var model = new ChatModel("m", "m#1", "test", "here", IsLocal: true, new ModelPrice(0, 1, 0), TimeSpan.FromHours(1), _chat);
        _cortex = new CortexMemory(_memory, new ChatModelCatalog([model], null), new CortexOptions()) { NearPatience = TimeSpan.FromSeconds(30) };
    }

    public async Task DisposeAsync()
    {
        await _cortex.DisposeAsync();
        await _memory.DisposeAsync();
        Dispose();
    }

    public void Dispose()
    {
        _embedder.Dispose();
        _chat.Dispose();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<CompletionAnswer> AskAsync(string prompt, CacheUse cache = CacheUse.Near) => await _cortex.CompleteAsync(
        "acme", null, new CompletionRequest { Messages = [new PromptMessage(ChatRoleName.User, prompt)], Cache = cache }, new Trail(), CancellationToken.None);

    [Theory]
    [InlineData(true, CacheUse.Exact)]
    [InlineData(true, CacheUse.Near)]
    [InlineData(false, CacheUse.Exact)]
    [InlineData(false, CacheUse.Near)]
    public async Task An_answer_whose_prompt_cannot_be_embedded_is_given_and_kept_and_not_paid_again(bool isPassing, CacheUse cache)
    {
        _embedder.Refusal = isPassing ? new EmbedderUnavailableException("tiny", "it rests", TimeSpan.FromSeconds(1)) : new EmbedderAnswerException("tiny", "it is broken", "Mend it.");

        Assert.Equal(CallOutcome.Called, (await AskAsync("explain the large plan", cache)).Outcome);
        Assert.Equal(CallOutcome.Hit, (await AskAsync("explain the large plan", cache)).Outcome);
        Assert.Equal(1, _chat.Calls);
    }

    [Fact]
    public async Task Where_no_node_has_room_for_the_shard_near_prompts_are_left_out_and_the_model_answers()
    {
        await AskAsync("explain the large plan");
        Assert.Equal(CallOutcome.NearHit, (await AskAsync("please explain the large plan")).Outcome);
        _node.IsFull = true;

        Assert.Equal(CallOutcome.Called, (await AskAsync("could you explain the large plan")).Outcome);
        Assert.Equal(2, _chat.Calls);
    }

    [Fact]
    public async Task A_full_store_that_makes_no_namespace_for_answers_does_not_keep_them_from_who_asks()
    {
        _store.BeforeEnsureNamespace = static () => throw new StoreFullException("The test has filled the disk.");
        Assert.Equal(CallOutcome.Called, (await AskAsync("explain the large plan")).Outcome);
        _store.BeforeEnsureNamespace = null;

        Assert.Equal(CallOutcome.Called, (await AskAsync("explain the large plan")).Outcome);
        Assert.Equal(CallOutcome.Hit, (await AskAsync("explain the large plan")).Outcome);
    }

    private sealed class RefusingEmbedder() : DelegatingEmbeddingGenerator<string, Embedding<float>>(new HashedEmbedder())
    {
        public RefusedException? Refusal { get; set; }

        public override Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
            IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default) =>
            Refusal is null ? base.GenerateAsync(values, options, cancellationToken) : throw Refusal;
    }

    private sealed class FullNode : IShardEngine
    {
        private readonly HostShardEngine _inner = new();

        public bool IsFull { get; set; }

        public string Engine => "full";

        public IShard Create(NamespaceInfo ns) => new Shard(_inner.Create(ns), this);

        public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) => [];

        private sealed class Shard(IShard inner, FullNode node) : DelegatingShard(inner)
        {
            public override ShardAnswer Search(ShardQuery query, CancellationToken cancellationToken) =>
                node.IsFull ? throw new NoRoomException("No node has room for it.", "Add one.", TimeSpan.FromSeconds(10)) : base.Search(query, cancellationToken);
        }
    }

    private sealed class CountedChat : IChatClient
    {
        public int Calls { get; private set; }

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Calls++;
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, "the plan")) { FinishReason = ChatFinishReason.Stop });
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
