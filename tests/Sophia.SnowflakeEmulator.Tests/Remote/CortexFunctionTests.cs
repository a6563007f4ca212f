using System.Globalization;
using Microsoft.Extensions.AI;
using Sophia.Gpu.Models;
using Sophia.Memory.Cortex;
using Sophia.Snowflake.Local;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.SnowflakeEmulator.Tests.Remote;

/// <summary>AI_EMBED, AI_COMPLETE and their older forms, answered by the configured models or by Snowflake's error.</summary>
public sealed class CortexFunctionTests : IDisposable
{
    private readonly SpeakingModel _model = new();
    private readonly LocalSnowflake _engine;
    private readonly LocalSession _session;

    public CortexFunctionTests()
    {
        var chat = new ChatModel("llama3.1-8b", "llama3.1-8b#1", "openai", "here", true, default, TimeSpan.FromHours(1), _model);
        _engine = new LocalSnowflake(services: new LocalServices { Embedder = ModelFactory.Hashed(), ChatModels = new ChatModelCatalog([chat], null) });
        _session = _engine.OpenSession();
    }

    public void Dispose()
    {
        _session.Dispose();
        _engine.Dispose();
        _model.Dispose();
    }

    private async Task<object?> CellAsync(string sql) => (await _session.ExecuteAsync(sql)).Rows[0][0];

    private async Task<SnowflakeException> RefusedAsync(string sql) => await Assert.ThrowsAsync<SnowflakeException>(() => _session.ExecuteAsync(sql));

    [Theory]
    [InlineData("ai_embed('snowflake-arctic-embed-l-v2.0', 'cats sleep')", 1024)]
    [InlineData("snowflake.cortex.embed_text_768('e5-base-v2', 'cats sleep')", 768)]
    [InlineData("snowflake.cortex.embed_text_1024('multilingual-e5-large', 'cats sleep')", 1024)]
    public async Task A_text_becomes_a_vector_of_the_models_length(string call, int dimensions)
    {
        var result = await _session.ExecuteAsync($"select {call} as v");

        Assert.Equal(("vector", dimensions), (result.Columns[0].Type, result.Columns[0].Dimension));
        var vector = Assert.IsAssignableFrom<System.Collections.IEnumerable>(result.Rows[0][0]).Cast<float>().ToArray();
        Assert.Equal(1, vector.Sum(static x => x * x), 3);
    }

    [Fact]
    public async Task Vectors_are_kept_in_tables_and_the_nearest_is_found()
    {
        await _session.ExecuteAsync("create table notes (body varchar, v vector(float, 768))");
        await _session.ExecuteAsync("insert into notes select column1, snowflake.cortex.embed_text_768('e5-base-v2', column1) from values ('the cat sleeps on the server'), ('invoices are due in May'), (null)");

        Assert.Equal("the cat sleeps on the server", await CellAsync("select body from notes where v is not null order by vector_cosine_similarity(v, snowflake.cortex.embed_text_768('e5-base-v2', 'a sleeping cat')) desc limit 1"));
        Assert.Equal(1L, Convert.ToInt64(await CellAsync("select count(*) from notes where v is null"), CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Similar_texts_are_more_alike_than_others()
    {
        Assert.True((bool)(await CellAsync("select ai_similarity('the cat sleeps', 'the cat is sleeping') > ai_similarity('the cat sleeps', 'invoices are due')"))!);
        Assert.Null(await CellAsync("select ai_similarity('the cat sleeps', null)"));
    }

    [Theory]
    [InlineData("ai_complete('llama3.1-8b', 'hello')")]
    [InlineData("snowflake.cortex.complete('llama3.1-8b', 'hello')")]
    public async Task A_prompt_is_answered_by_the_model_of_the_name(string call) => Assert.Equal("user: hello", await CellAsync($"select {call}"));

    [Fact]
    public async Task A_conversation_with_options_gives_the_object_with_its_tokens()
    {
        const string Call = "snowflake.cortex.complete('llama3.1-8b', [{'role': 'system', 'content': 'be brief'}, {'role': 'user', 'content': 'hello'}], {'temperature': 0.2, 'max_tokens': 7})";

        Assert.Equal("system: be brief, user: hello", await CellAsync($"select {Call}:choices[0].messages::varchar"));
        Assert.Equal(12L, Convert.ToInt64(await CellAsync($"select {Call}:usage.total_tokens::number"), CultureInfo.InvariantCulture));
        Assert.Equal((0.2f, 7), (_model.Asked!.Temperature, _model.Asked.MaxOutputTokens));
    }

    [Fact]
    public async Task Rows_are_answered_one_by_one_and_null_is_not_asked()
    {
        var rows = (await _session.ExecuteAsync("select ai_complete('llama3.1-8b', column1) from values ('a'), (null), ('b')")).Rows;

        Assert.Equal(["user: a", null, "user: b"], rows.Select(static r => (string?)r[0]));
        Assert.Equal(2, _model.Calls);
    }

    [Fact]
    public async Task Equal_prompts_of_a_statement_are_paid_for_once()
    {
        var rows = (await _session.ExecuteAsync("select ai_complete('llama3.1-8b', 'p' || (seq4() % 3)) from table(generator(rowcount => 100))")).Rows;

        Assert.Equal(["user: p0", "user: p1", "user: p2"], rows.Select(static r => (string)r[0]!).Distinct().Order());
        Assert.Equal(3, _model.Calls);
    }

    [Theory]
    [InlineData("ai_complete('mistral-large2', 'hello')", "100351")]
    [InlineData("snowflake.cortex.complete('mistral-large2', 'hello')", "100351")]
    [InlineData("ai_embed('no-such-model', 'x')", "100351")]
    [InlineData("snowflake.cortex.embed_text_768('multilingual-e5-large', 'x')", "100351")]
    [InlineData("ai_complete('llama3.1-8b', 'x', {'top_k': 3})", "000002")]
    [InlineData("ai_complete('llama3.1-8b', 'x', {'temperature': 'hot'})", "100351")]
    [InlineData("snowflake.cortex.complete('llama3.1-8b', [{'who': 'x'}])", "100351")]
    [InlineData("ai_complete('llama3.1-8b')", "000938")]
    [InlineData("ai_classify('x', ['a','b'])", "000002")]
    [InlineData("snowflake.cortex.summarize('x')", "000002")]
    public async Task What_no_model_answers_is_an_error_and_never_a_made_up_text(string call, string code) => Assert.Equal(code, (await RefusedAsync($"select {call}")).Code);

    [Fact]
    public async Task A_try_is_null_where_it_fails() => Assert.Null(await CellAsync("select snowflake.cortex.try_complete('mistral-large2', 'hello')"));

    [Fact]
    public async Task A_model_that_is_away_is_said_to_be_so()
    {
        _model.Failure = new ModelUnavailableException("llama3.1-8b", "connection refused", TimeSpan.FromSeconds(1));

        var error = await RefusedAsync("select ai_complete('llama3.1-8b', 'hello')");

        Assert.Equal("100351", error.Code);
        Assert.Contains("503", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_models_there_is_snowflakes_error()
    {
        using var engine = new LocalSnowflake();
        using var session = engine.OpenSession();

        foreach (var call in new[] { "ai_complete('llama3.1-8b', 'hello')", "ai_embed('e5-base-v2', 'x')" })
        {
            var error = await Assert.ThrowsAsync<SnowflakeException>(() => session.ExecuteAsync($"select {call}"));
            Assert.Equal("100351", error.Code);
            Assert.Contains("unknown model", error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Answers with what it was asked.</summary>
    private sealed class SpeakingModel : IChatClient
    {
        public ChatOptions? Asked { get; private set; }

        public int Calls;

        public Exception? Failure { get; set; }

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Asked = options;
            Interlocked.Increment(ref Calls);
            if (Failure is not null) return Task.FromException<ChatResponse>(Failure);
            var text = string.Join(", ", messages.Select(static m => $"{m.Role.Value}: {m.Text}"));
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, text)) { Usage = new() { InputTokenCount = 10, OutputTokenCount = 2 } });
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("SQL does not stream.");

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
