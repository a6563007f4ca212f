using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Models;
using Sophia.Memory.Models;

namespace Sophia.Tests.Models;

/// <summary>Any server with /v1/embeddings: what it may do, and what becomes of it.</summary>
public sealed class OpenAiModelTests : IAsyncLifetime
{
    private FakeEmbeddingServer _server = null!;

    public async Task InitializeAsync() => _server = await FakeEmbeddingServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private ModelOptions Options => new()
    {
        Kind = ModelKind.OpenAI, Endpoint = _server.Endpoint, Model = "fake", Dimensions = 8, ApiKey = _server.Key,
        RetryDelay = TimeSpan.FromMilliseconds(1), Timeout = TimeSpan.FromSeconds(20),
    };

    private static EmbeddingModel Model(ModelOptions options) => ModelFactory.Create("fake", options, TimeProvider.System);

    private static async Task<float[]?[]> EmbedAsync(EmbeddingModel model, params string[] texts) =>
        await model.EmbedAsync(texts, EmbeddingRole.Document, default);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Vectors_come_in_the_order_of_the_texts_however_the_server_sends_them(bool arrays, bool backwards)
    {
        (_server.SendsArrays, _server.SendsBackwards) = (arrays, backwards);

        var vectors = await EmbedAsync(Model(Options), "the cat", "a dog", "two fish");

        Assert.Equal([_server.VectorOf("the cat"), _server.VectorOf("a dog"), _server.VectorOf("two fish")], vectors);
    }

    [Fact]
    public async Task Texts_go_out_in_batches_bounded_by_count_and_by_tokens()
    {
        var model = Model(Options with { BatchTexts = 3, BatchTokens = 40, MaxTokens = 30 });
        string[] texts = [.. Enumerable.Range(0, 7).Select(i => $"text {i}"), new string('x', 80), new string('y', 80), new string('z', 500)];

        var vectors = await EmbedAsync(model, texts);

        Assert.Equal(10, vectors.Length);
        Assert.Equal(_server.VectorOf("text 6"), vectors[6]);
        Assert.Equal(_server.VectorOf(new string('z', 90)), vectors[9]);
        Assert.All(_server.Requests, request => Assert.InRange(request.GetProperty("input").GetArrayLength(), 1, 3));
        Assert.All(_server.Requests, request => Assert.True(
            request.GetProperty("input").GetArrayLength() == 1 || request.GetProperty("input").EnumerateArray().Sum(t => 1 + (t.GetString()!.Length / 3)) <= 40));
    }

    [Fact]
    public async Task A_429_is_repeated_after_the_time_that_the_server_asks_for()
    {
        _server.Next(429, headers: ("Retry-After", "1"));
        var started = Stopwatch.GetTimestamp();

        var vectors = await EmbedAsync(Model(Options), "hello");

        Assert.Equal(_server.VectorOf("hello"), vectors[0]);
        Assert.Equal(2, _server.Calls);
        Assert.True(Stopwatch.GetElapsedTime(started) >= TimeSpan.FromSeconds(0.95), "It did not wait for the second that was asked for.");
    }

    [Fact]
    public async Task A_wait_longer_than_the_limit_is_handed_to_the_caller_at_once()
    {
        _server.Next(429, """{"error":{"message":"slow down","code":"rate_limit_exceeded"}}""", ("Retry-After", "77"));

        var refused = await Assert.ThrowsAsync<EmbedderUnavailableException>(() => EmbedAsync(Model(Options), "hello"));

        Assert.Equal(TimeSpan.FromSeconds(77), refused.RetryAfter);
        Assert.Contains("rate_limit_exceeded", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, _server.Calls);
    }

    [Fact]
    public async Task Passing_failures_are_repeated_and_counted()
    {
        _server.Next(500);
        _server.Next(503);
        var model = Model(Options);

        var vectors = await EmbedAsync(model, "hello");

        Assert.Equal(_server.VectorOf("hello"), vectors[0]);
        Assert.Equal(new ModelState(ModelHealth.Ready, null, 1, 3, 2, 2), model.State);
    }

    [Fact]
    public async Task A_refused_key_is_not_repeated_and_never_said()
    {
        var model = Model(Options with { ApiKey = "sk-wrong" });

        var refused = await Assert.ThrowsAsync<EmbedderAnswerException>(() => EmbedAsync(model, "hello"));

        Assert.Equal(1, _server.Calls);
        Assert.Contains("401 (invalid_api_key)", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ApiKey", refused.Suggestion, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-wrong", refused + model.State.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-wrong", model.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_may_stand_in_a_file_and_change_there()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "old-key\n");
        var model = Model(Options with { ApiKey = null, ApiKeyFile = file });
        await Assert.ThrowsAsync<EmbedderAnswerException>(() => EmbedAsync(model, "hello"));

        await File.WriteAllTextAsync(file, _server.Key + "\n");

        Assert.NotNull((await EmbedAsync(model, "hello"))[0]);
        File.Delete(file);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_in_time_is_given_up()
    {
        _server.NextHangs();
        _server.NextHangs();
        var clock = new FakeTimeProvider();
        var model = ModelFactory.Create("fake", Options with { Retries = 1 }, clock);
        var asked = EmbedAsync(model, "hello");
        for (var call = 1; call <= 2; call++)
        {
            // The pause before the second passes by the same clock, in steps far smaller than the time for an answer.
            for (var i = 0; _server.Calls < call; i++)
            {
                Assert.True(i < 1_000, $"Call {call} does not come.");
                await Task.Delay(10);
                clock.Advance(TimeSpan.FromMilliseconds(10));
            }

            clock.Advance(Options.Timeout);
        }

        await Assert.ThrowsAsync<EmbedderUnavailableException>(() => asked);

        Assert.Equal(2, _server.Calls);
        Assert.Equal(ModelHealth.Failing, model.State.Health);
    }

    [Fact]
    public async Task Answers_that_cannot_be_right_are_errors()
    {
        var model = Model(Options);
        _server.NextVectors([1, 2, 3]);
        Assert.Contains("3 components", (await Assert.ThrowsAsync<EmbedderAnswerException>(() => EmbedAsync(model, "a"))).Message, StringComparison.Ordinal);
        _server.NextVectors([1, 2, 3, 4, 5, 6, 7, float.NaN]);
        Assert.Contains("not a finite number", (await Assert.ThrowsAsync<EmbedderAnswerException>(() => EmbedAsync(model, "a"))).Message, StringComparison.Ordinal);
        _server.NextVectors([1, 2, 3, 4, 5, 6, 7, 8]);
        Assert.Contains("2 texts", (await Assert.ThrowsAsync<EmbedderAnswerException>(() => EmbedAsync(model, "a", "b"))).Message, StringComparison.Ordinal);
        foreach (var body in new[] { "", "{", "[]", "{}", """{"data":3}""", """{"data":[{"index":5,"embedding":[]}]}""", """{"data":[{"index":0,"embedding":"AAA="}]}""", """{"data":[{"embedding":{}}]}""", "<html>" })
        {
            _server.Next(200, body);
            await Assert.ThrowsAsync<EmbedderAnswerException>(() => EmbedAsync(model, "a"));
        }
    }

    [Fact]
    public async Task A_server_that_keeps_failing_is_left_alone_until_the_circuit_closes()
    {
        var model = Model(Options with { Retries = 5, BreakDuration = TimeSpan.FromSeconds(30) });
        _server.DownWith = 500;
        await Assert.ThrowsAsync<EmbedderUnavailableException>(() => EmbedAsync(model, "a"));
        var calls = _server.Calls;

        var refused = await Assert.ThrowsAsync<EmbedderUnavailableException>(() => EmbedAsync(model, "a"));

        Assert.Equal(6, calls);
        Assert.Equal(calls, _server.Calls);
        Assert.Equal(ModelHealth.Unavailable, model.State.Health);
        Assert.InRange(refused.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_text_of_zeros_has_no_vector()
    {
        _server.NextVectors([0, 0, 0, 0, 0, 0, 0, 0]);
        Assert.Null((await EmbedAsync(Model(Options), "..."))[0]);
    }

    [Fact]
    public async Task Queries_and_documents_get_their_prefixes()
    {
        var model = Model(Options with { QueryPrefix = "query: ", DocumentPrefix = "passage: " });
        await model.EmbedAsync(["x"], EmbeddingRole.Query, default);
        await model.EmbedAsync(["x"], EmbeddingRole.Document, default);
        Assert.Equal(["query: x", "passage: x"], _server.Requests.Select(r => r.GetProperty("input")[0].GetString()));
    }

    [Fact]
    public void Whatever_changes_the_vectors_changes_the_identity_and_the_address_does_not()
    {
        var identity = Model(Options).Identity;
        Assert.Equal(identity, Model(Options with { Endpoint = "https://elsewhere.example/v1", ApiKey = "other", Timeout = TimeSpan.FromSeconds(1) }).Identity);
        Assert.All(
            [Options with { Model = "other" }, Options with { Dimensions = 9 }, Options with { DocumentPrefix = "p" }, Options with { QueryPrefix = "q" }],
            changed => Assert.NotEqual(identity, Model(changed).Identity));
    }
}
