using System.Net;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Sophia.Memory.Cortex;

namespace Sophia.Tests.Cortex;

public sealed class CortexStreamTests : IAsyncLifetime, IDisposable
{
    private FakeChatServer _server = null!;
    private CortexHost _host = null!;

    public async Task InitializeAsync()
    {
        _server = await FakeChatServer.StartAsync();
        _host = new CortexHost(_server);
    }

    public async Task DisposeAsync()
    {
        Dispose();
        await _server.DisposeAsync();
    }

    public void Dispose() => _host.Dispose();

    private async Task<List<(string Event, JsonElement Data)>> StreamAsync(string json)
    {
        using var response = await _host.SendAsync(HttpMethod.Post, "/v1/cortex/complete", json);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var events = new List<(string, JsonElement)>();
        foreach (var block in (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = block.Split('\n');
            events.Add((lines[0]["event: ".Length..], JsonDocument.Parse(lines[1]["data: ".Length..]).RootElement));
        }

        return events;
    }

    private static string TextOf(IEnumerable<(string Event, JsonElement Data)> events) =>
        string.Concat(events.Where(e => e.Event == "part").Select(e => e.Data.GetProperty("text").GetString()));

    [Fact]
    public async Task An_answer_comes_in_the_parts_that_the_model_writes_and_is_kept_whole()
    {
        var events = await StreamAsync("""{"prompt":"one two three","stream":true}""");
        var again = await StreamAsync("""{"prompt":"one two three","stream":true}""");
        var whole = await _host.AskAsync("""{"prompt":"one two three"}""");

        Assert.Equal(4, events.Count(e => e.Event == "part"));
        Assert.Equal("ONE TWO THREE (1)", TextOf(events));
        Assert.Equal("done", events[^1].Event);
        Assert.Equal("called", events[^1].Data.GetProperty("receipt").GetProperty("outcome").GetString());
        Assert.Equal(1500, events[^1].Data.GetProperty("usage").GetProperty("inputTokens").GetInt64() + events[^1].Data.GetProperty("usage").GetProperty("outputTokens").GetInt64());
        Assert.Equal("ONE TWO THREE (1)", TextOf(again));
        Assert.Equal("hit", again[^1].Data.GetProperty("receipt").GetProperty("outcome").GetString());
        Assert.Equal("hit", whole.GetProperty("receipt").GetProperty("outcome").GetString());
        Assert.Equal(1, _server.Calls);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_ends_in_an_error_and_is_not_kept()
    {
        _server.NextBreaksOff();
        var events = await StreamAsync("""{"prompt":"breaks","stream":true}""");
        var fresh = await _host.AskAsync("""{"prompt":"breaks","cache":"refresh"}""");

        Assert.Equal(("error", "model-unavailable"), (events[^1].Event, events[^1].Data.GetProperty("code").GetString()));
        Assert.Equal("half ", TextOf(events));
        Assert.Equal("BREAKS (2)", fresh.GetProperty("text").GetString());
    }

    [Fact]
    public async Task What_is_refused_before_the_first_part_is_an_ordinary_problem()
    {
        _server.Next(429, headers: ("Retry-After", "7"));
        using var response = await _host.SendAsync(HttpMethod.Post, "/v1/cortex/complete", """{"prompt":"busy","stream":true}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task A_caller_who_leaves_does_not_end_the_call_that_is_paid_for()
    {
        var gate = new TaskCompletionSource();
        var cortex = _host.Services.GetRequiredService<CortexMemory>();
        using (var leaving = new CancellationTokenSource())
        {
            await using var parts = cortex.CompleteInPartsAsync(
                "local", null, new CompletionRequest { Messages = [new PromptMessage(ChatRoleName.User, "left alone")] }, new Memory.Hierarchy.Trail(), leaving.Token).GetAsyncEnumerator();
            Assert.True(await parts.MoveNextAsync());
            _server.Gate = () => gate.Task;
            await leaving.CancelAsync();
        }

        gate.SetResult();
        var later = await _host.AskAsync("""{"prompt":"left alone"}""");

        Assert.Equal("LEFT ALONE (1)", later.GetProperty("text").GetString());
        Assert.Equal(1, _server.Calls);
    }

    [Fact]
    public async Task A_text_gets_one_of_the_labels_and_an_answer_that_is_none_is_not_kept()
    {
        const string question = """{"text":"The invoice is wrong","labels":["Billing","Support"]}""";
        _server.Next(200, """{"choices":[{"message":{"content":"Cheese"},"finish_reason":"stop"}]}""");
        _server.Next(200, """{"choices":[{"message":{"content":" \"billing\"."},"finish_reason":"stop"}]}""");

        var refused = await _host.JsonAsync(HttpMethod.Post, "/v1/cortex/classify", question, HttpStatusCode.BadGateway);
        var labelled = await _host.JsonAsync(HttpMethod.Post, "/v1/cortex/classify", question);
        var kept = await _host.JsonAsync(HttpMethod.Post, "/v1/cortex/classify", question);

        Assert.Equal("model-answer-invalid", refused.GetProperty("code").GetString());
        Assert.Equal("Billing", labelled.GetProperty("label").GetString());
        Assert.Equal("hit", kept.GetProperty("receipt").GetProperty("outcome").GetString());
        Assert.Equal(2, _server.Calls);
    }

    [Theory]
    [InlineData("""{"text":"x","labels":["a"]}""")]
    [InlineData("""{"text":"x","labels":["a","A"]}""")]
    [InlineData("""{"text":" ","labels":["a","b"]}""")]
    [InlineData("""{"labels":["a","b"]}""")]
    [InlineData("""{"text":"x","labels":["a","b\nc"]}""")]
    public async Task Labels_that_are_none_are_refused(string body)
    {
        await _host.JsonAsync(HttpMethod.Post, "/v1/cortex/classify", body, HttpStatusCode.BadRequest);
        Assert.Equal(0, _server.Calls);
    }

    [Fact]
    public async Task Two_texts_are_compared_by_their_vectors()
    {
        var same = await _host.JsonAsync(HttpMethod.Post, "/v1/cortex/similarity", """{"a":"the cat sleeps","b":"the cat sleeps"}""");
        var other = await _host.JsonAsync(HttpMethod.Post, "/v1/cortex/similarity", """{"a":"the cat sleeps","b":"interest rates rise"}""");
        Assert.Equal(1, same.GetProperty("similarity").GetDouble(), 4);
        Assert.InRange(other.GetProperty("similarity").GetDouble(), -1, 0.5);
    }

    [Fact]
    public async Task In_the_process_it_is_a_chat_client_and_an_embedding_generator()
    {
        var cortex = _host.Services.GetRequiredService<CortexMemory>();
        using var chat = new CortexChatClient(cortex, "local");
        using var vectors = new CortexEmbeddingGenerator(cortex, "local");

        var first = await chat.GetResponseAsync("hello there");
        var second = await chat.GetStreamingResponseAsync("hello there").ToChatResponseAsync();
        var made = await vectors.GenerateAsync(["a cat", "a dog"]);

        Assert.Equal("HELLO THERE (1)", first.Text);
        Assert.Equal(first.Text, second.Text);
        Assert.Equal(CallOutcome.Hit, ((CompletionAnswer)second.AdditionalProperties![CortexChatClient.Receipt]!).Outcome);
        Assert.Equal(2, made.Count);
    }

#pragma warning disable MEAI001 // What is experimental is refused, too.
    [Fact]
    public async Task Options_that_would_change_the_answer_unknown_to_the_cache_are_refused()
    {
        using var chat = new CortexChatClient(_host.Services.GetRequiredService<CortexMemory>(), "local");
        ChatOptions[] unknown =
        [
            new() { TopK = 3 }, new() { FrequencyPenalty = 1 }, new() { PresencePenalty = 1 }, new() { ConversationId = "c" }, new() { ResponseFormat = ChatResponseFormat.Json },
            new() { ToolMode = ChatToolMode.RequireAny }, new() { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.High } }, new() { AdditionalProperties = new() { ["min_p"] = 0.1 } },
            new() { RawRepresentationFactory = static _ => null }, new() { AllowBackgroundResponses = true }, new() { ContinuationToken = ResponseContinuationToken.FromBytes(new byte[] { 1 }) },
        ];

        foreach (var options in unknown) await Assert.ThrowsAsync<NotSupportedException>(() => chat.GetResponseAsync("x", options));
        Assert.Equal(0, _server.Calls);

        // As they are when nothing is asked for.
        await chat.GetResponseAsync("x", new ChatOptions { ToolMode = ChatToolMode.Auto, ResponseFormat = ChatResponseFormat.Text, AllowBackgroundResponses = false, AdditionalProperties = [] });
        Assert.Equal(1, _server.Calls);
    }
#pragma warning restore MEAI001
}
