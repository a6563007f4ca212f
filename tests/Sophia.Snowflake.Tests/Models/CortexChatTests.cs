using Microsoft.Extensions.AI;
using Sophia.Gpu.Models.Chat;
using Sophia.Memory.Cortex;
using Sophia.Snowflake.Local;
using Sophia.Snowflake.Models;
using Sophia.Snowflake.Tests.Mirror;

namespace Sophia.Snowflake.Tests.Models;

public sealed class CortexChatTests : IAsyncDisposable
{
    private const string Answer = """{"choices":[{"messages":" A tier. "}],"created":1708536426,"model":"llama3.1-70b","usage":{"completion_tokens":5,"prompt_tokens":11,"total_tokens":16}}""";
    private readonly FaultySnowflake _account = new();

    public async ValueTask DisposeAsync()
    {
        await _account.DisposeAsync();
        await _account.Inside.DisposeAsync();
    }

    private CortexChat Chat(double seconds = 20) => new("far", _account, "llama3.1-70b", TimeSpan.FromSeconds(seconds));

    [Fact]
    public async Task A_conversation_goes_as_one_statement_and_its_tokens_are_counted()
    {
        (string Model, string History, string Options) asked = default;
        _account.Complete = (model, history, options) =>
        {
            asked = (model, history, options);
            return Answer;
        };

        var answer = await Chat().GetResponseAsync([new(ChatRole.System, "Be brief."), new(ChatRole.User, "What is it?")], new ChatOptions { Temperature = 0.5f, MaxOutputTokens = 100 });

        Assert.Equal("llama3.1-70b", asked.Model);
        Assert.Equal("""[{"role":"system","content":"Be brief."},{"role":"user","content":"What is it?"}]""", asked.History);
        Assert.Equal("""{"temperature":0.5,"max_tokens":100}""", asked.Options);
        Assert.Equal((" A tier. ", 11L, 5L), (answer.Text, answer.Usage!.InputTokenCount, answer.Usage.OutputTokenCount));
    }

    [Fact]
    public async Task A_streamed_answer_comes_in_one_part()
    {
        _account.Complete = (_, _, _) => Answer;

        var text = "";
        await foreach (var part in Chat().GetStreamingResponseAsync("What is it?"))
        {
            text += part.Text;
        }

        Assert.Equal(" A tier. ", text);
    }

    [Fact]
    public async Task An_account_that_cannot_be_reached_or_hangs_is_a_model_that_does_not_answer_now()
    {
        _account.OnLogin = () => throw new DriverException("HTTP 503");
        await Assert.ThrowsAsync<ModelUnavailableException>(() => Chat().GetResponseAsync("x"));
        _account.OnLogin = null;
        _account.OnStatement = (_, _) => new TaskCompletionSource().Task;
        await Assert.ThrowsAsync<ModelUnavailableException>(() => Chat(seconds: 1).GetResponseAsync("x"));
    }

    [Fact]
    public async Task A_call_that_failed_is_repeated_and_a_refused_one_is_not()
    {
        var calls = 0;
        _account.Complete = (_, _, _) => ++calls < 3 ? throw new DriverException("Request failed for external function COMPLETE with remote service error: 503 ''", "P0000") : Answer;
        using var chat = Chat();
        var model = ChatModelFactory.CreateCortex("far", new ChatModelOptions { Kind = ChatModelKind.Cortex, Model = "llama3.1-70b", RetryDelay = TimeSpan.FromMilliseconds(1) }, () => chat, TimeProvider.System);

        Assert.Equal(" A tier. ", (await model.Client.GetResponseAsync("x")).Text);
        Assert.Equal((3, 2L), (calls, model.State.Retries));

        _account.Complete = (_, _, _) => { calls++; throw new DriverException("Request failed for external function COMPLETE with remote service error: 400 '\"unknown model\"'", "P0000"); };
        await Assert.ThrowsAsync<ModelAnswerException>(() => model.Client.GetResponseAsync("x"));
        Assert.Equal(4, calls);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("plain text")]
    [InlineData("{}")]
    [InlineData("""{"choices":[]}""")]
    [InlineData("""{"choices":[{"messages":7}]}""")]
    [InlineData("[]")]
    public async Task An_answer_of_another_form_is_refused(string? answer)
    {
        _account.Complete = (_, _, _) => answer;
        await Assert.ThrowsAsync<ModelAnswerException>(() => Chat().GetResponseAsync("x"));
    }

    [Fact]
    public async Task What_the_account_refuses_and_what_cortex_cannot_do_is_said()
    {
        // The local engine stands for an account without the function.
        var refused = await Assert.ThrowsAsync<ModelAnswerException>(() => Chat().GetResponseAsync("x"));
        Assert.Contains("COMPLETE", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ModelAnswerException>(() => Chat().GetResponseAsync("x", new ChatOptions { Seed = 1 }));
    }

    [Fact]
    public void Its_price_is_in_credits_and_settings_of_other_kinds_are_refused()
    {
        using var chat = Chat();
        var model = ChatModelFactory.CreateCortex("far", new ChatModelOptions { Kind = ChatModelKind.Cortex, Model = "llama3.1-70b", Credits = 1.21 }, () => chat, TimeProvider.System);

        Assert.Equal(("cortex", false), (model.Kind, model.IsLocal));
        var cost = model.Price.Of(500_000, 500_000);
        Assert.Equal((2.42, 1.21), (cost.Dollars, cost.Credits));
        Assert.Throws<ArgumentException>(() => ChatModelFactory.CreateCortex("far", new ChatModelOptions { Kind = ChatModelKind.Cortex }, () => chat, TimeProvider.System));
        Assert.Throws<ArgumentException>(() => ChatModelFactory.CreateCortex("far", new ChatModelOptions { Kind = ChatModelKind.Cortex, Model = "m", Local = true }, () => chat, TimeProvider.System));
        Assert.Throws<ArgumentException>(() => ChatModelFactory.CreateCortex("Far!", new ChatModelOptions { Kind = ChatModelKind.Cortex, Model = "m" }, () => chat, TimeProvider.System));
    }

    [Fact]
    public async Task The_local_snowflake_never_makes_an_answer_up()
    {
        await using var connection = await _account.Inside.OpenConnectionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "select snowflake.cortex.complete('llama3.1-70b', 'hi')";
        await Assert.ThrowsAsync<SnowflakeException>(() => command.ExecuteScalarAsync());
    }
}
