using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Sophia.Memory.Cortex;
using Sophia.Tests.Api;

namespace Sophia.Tests.Cortex;

/// <summary>The service with a chat model that has a price, and one that is declared as local.</summary>
internal sealed class CortexHost : ApiHost
{
    // On a busy machine the shard of answers may not have come to the last one within 50 ms, and what is near is then a call.
    public CortexHost(FakeChatServer server, params (string Name, string Value)[] more)
        : base(Settings(server, more)) => Services.GetRequiredService<CortexMemory>().NearPatience = TimeSpan.FromSeconds(30);

    private static Dictionary<string, string> Settings(FakeChatServer server, (string Name, string Value)[] more)
    {
        var settings = new Dictionary<string, string>
        {
            ["Sophia:ChatModels:far:Kind"] = "OpenAI", ["Sophia:ChatModels:far:Endpoint"] = server.Endpoint, ["Sophia:ChatModels:far:Model"] = "far-1",
            ["Sophia:ChatModels:far:ApiKey"] = server.Key, ["Sophia:ChatModels:far:Retries"] = "0", ["Sophia:ChatModels:far:InputDollars"] = "1",
            ["Sophia:ChatModels:far:OutputDollars"] = "4", ["Sophia:DefaultChatModel"] = "far",
            ["Sophia:ChatModels:near:Kind"] = "OpenAI", ["Sophia:ChatModels:near:Endpoint"] = server.Endpoint, ["Sophia:ChatModels:near:Model"] = "near-1",
            ["Sophia:ChatModels:near:ApiKey"] = server.Key, ["Sophia:ChatModels:near:Local"] = "true", ["Sophia:ChatModels:near:Retries"] = "0",
        };
        foreach (var (name, value) in more)
        {
            settings[name] = value;
        }

        return settings;
    }

    public Task<JsonElement> AskAsync(string json, HttpStatusCode expected = HttpStatusCode.OK) => JsonAsync(HttpMethod.Post, "/v1/cortex/complete", json, expected);
}

public sealed class CortexOverHttpTests : IAsyncLifetime, IDisposable
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

    private static string Outcome(JsonElement answer) => answer.GetProperty("receipt").GetProperty("outcome").GetString()!;

    [Fact]
    public async Task The_same_prompt_is_paid_for_once_and_then_served_from_L1()
    {
        var first = await _host.AskAsync("""{"prompt":"What is a tier?"}""");
        var second = await _host.AskAsync("""{"prompt":"  What is a tier?\r\n"}""");

        Assert.Equal("WHAT IS A TIER? (1)", first.GetProperty("text").GetString());
        Assert.Equal("called", Outcome(first));
        Assert.Equal(0.003, first.GetProperty("receipt").GetProperty("cost").GetProperty("dollars").GetDouble(), 9);
        Assert.Equal(first.GetProperty("text").GetString(), second.GetProperty("text").GetString());
        Assert.Equal("hit", Outcome(second));
        Assert.Equal("L1", second.GetProperty("receipt").GetProperty("tier").GetString());
        Assert.Equal(0, second.GetProperty("receipt").GetProperty("cost").GetProperty("dollars").GetDouble());
        Assert.Equal(0.003, second.GetProperty("receipt").GetProperty("avoided").GetProperty("dollars").GetDouble(), 9);
        Assert.Equal(1, _server.Calls);
    }

    [Fact]
    public async Task L2_is_among_the_tiers_with_its_hits_and_misses_and_off_where_no_model_is_configured()
    {
        await _host.AskAsync("""{"prompt":"What is a tier?"}""");
        await _host.AskAsync("""{"prompt":"What is a tier?"}""");
        await _host.AskAsync("""{"prompt":"What is a tier?"}""");
        using var plain = new ApiHost();

        var l2 = await TierAsync(_host);
        var off = await TierAsync(plain);

        Assert.Equal(2, l2.GetProperty("hits").GetInt64());
        Assert.Equal(1, l2.GetProperty("misses").GetInt64());
        Assert.Equal(2, l2.GetProperty("latency").GetProperty("count").GetInt64());
        Assert.Equal(100, l2.GetProperty("budgetMs").GetDouble());
        Assert.Equal("healthy", l2.GetProperty("state").GetString());
        Assert.Equal("off", off.GetProperty("state").GetString());
        Assert.Contains("Sophia:ChatModels", off.GetProperty("reason").GetString(), StringComparison.Ordinal);

        static async Task<JsonElement> TierAsync(ApiHost host) => (await host.JsonAsync(HttpMethod.Get, "/v1/tiers")).GetProperty("tiers")
            .EnumerateArray().Single(tier => tier.GetProperty("tier").GetString() == "L2");
    }

    [Theory]
    [InlineData("""{"prompt":"q","temperature":0.5}""")]
    [InlineData("""{"prompt":"q","maxTokens":10}""")]
    [InlineData("""{"prompt":"q","system":"be brief"}""")]
    [InlineData("""{"prompt":"q","model":"near"}""")]
    [InlineData("""{"prompt":"q","stop":["x"]}""")]
    [InlineData("""{"prompt":"q","seed":0}""")]
    public async Task Whatever_changes_the_answer_is_another_question(string other)
    {
        await _host.AskAsync("""{"prompt":"q"}""");
        Assert.Equal("called", Outcome(await _host.AskAsync(other)));
        Assert.Equal("hit", Outcome(await _host.AskAsync(other)));
        Assert.Equal(2, _server.Calls);
    }

    [Fact]
    public async Task What_differs_by_case_and_politeness_only_is_near_and_says_so()
    {
        await _host.AskAsync("""{"prompt":"Could you explain the write path of the log?"}""");
        var near = await _host.AskAsync("""{"prompt":"explain the write path of the log, please"}""");
        var exact = await _host.AskAsync("""{"prompt":"explain the write path of the log, please","cache":"exact"}""");

        Assert.Equal("near", Outcome(near));
        Assert.Equal("L0", near.GetProperty("receipt").GetProperty("tier").GetString());
        Assert.InRange(near.GetProperty("receipt").GetProperty("similarity").GetDouble(), 0.95, 1.0001);
        Assert.Equal("called", Outcome(exact));
    }

    [Theory]
    [InlineData("List the 3 largest customers of the northern region by revenue in 2025", "List the 5 largest customers of the northern region by revenue in 2025")]
    [InlineData("Which of our contracts with Acme in the northern region end this year", "Which of our contracts with Apex in the northern region end this year")]
    [InlineData("Which of the contracts are signed by both of the parties today", "Which of the contracts are not signed by both of the parties today")]
    public async Task Prompts_that_differ_in_a_number_a_name_or_a_negation_never_share_an_answer(string one, string other)
    {
        await _host.AskAsync(JsonSerializer.Serialize(new { prompt = one }));
        Assert.Equal("called", Outcome(await _host.AskAsync(JsonSerializer.Serialize(new { prompt = other }))));
    }

    [Fact]
    public async Task Many_who_ask_the_same_at_once_make_one_call()
    {
        var gate = new TaskCompletionSource();
        _server.Gate = () => gate.Task;
        var asking = Enumerable.Range(0, 20).Select(_ => _host.AskAsync("""{"prompt":"together"}""")).ToArray();
        while (_server.Calls == 0)
        {
            await Task.Yield();
        }

        gate.SetResult();
        var outcomes = (await Task.WhenAll(asking)).Select(Outcome).ToArray();

        Assert.Equal(1, _server.Calls);
        Assert.Single(outcomes, "called");
        Assert.All(outcomes, outcome => Assert.Contains(outcome, new[] { "called", "joined", "hit" }));
    }

    [Fact]
    public async Task A_failure_is_not_kept_but_remembered_for_a_while()
    {
        _server.Next(500);
        var failed = await _host.AskAsync("""{"prompt":"fails"}""", HttpStatusCode.ServiceUnavailable);
        var again = await _host.AskAsync("""{"prompt":"fails"}""", HttpStatusCode.ServiceUnavailable);
        var refreshed = await _host.AskAsync("""{"prompt":"fails","cache":"refresh"}""");

        Assert.Equal("model-unavailable", failed.GetProperty("code").GetString());
        Assert.Equal("model-unavailable", again.GetProperty("code").GetString());
        Assert.Equal("called", Outcome(refreshed));
        Assert.Equal(2, _server.Calls);
    }

    [Fact]
    public async Task An_answer_that_is_none_is_502_and_the_key_is_not_told()
    {
        _server.Next(200, """{"choices":[]}""");
        _server.Next(200, """{"choices":[{"message":{"content":""},"finish_reason":"length"}]}""");
        _server.Next(401, $$$"""{"error":{"message":"Incorrect API key provided: {{{_server.Key}}}","code":"invalid_api_key"}}""");
        foreach (var prompt in new[] { "a", "b", "c" })
        {
            var problem = await _host.AskAsync($$"""{"prompt":"{{prompt}}"}""", HttpStatusCode.BadGateway);
            Assert.Equal("model-answer-invalid", problem.GetProperty("code").GetString());
            Assert.DoesNotContain(_server.Key, problem.GetRawText(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_text_of_a_resident_namespace_goes_to_local_models_only()
    {
        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/vault", """{"resident":true}""", HttpStatusCode.Created);

        var refused = await _host.AskAsync("""{"prompt":"secret","namespace":"vault","model":"far"}""", HttpStatusCode.Conflict);
        var routed = await _host.AskAsync("""{"prompt":"secret","namespace":"vault"}""");

        Assert.Equal("model-not-resident", refused.GetProperty("code").GetString());
        Assert.Equal("near", routed.GetProperty("model").GetString());
        Assert.All(_server.Requests, request => Assert.Equal("near-1", request.GetProperty("model").GetString()));
    }

    [Fact]
    public async Task Without_a_model_the_service_says_so_and_makes_nothing_up()
    {
        await using var bare = new ApiHost();
        var problem = await bare.JsonAsync(HttpMethod.Post, "/v1/cortex/complete", """{"prompt":"x"}""", HttpStatusCode.Conflict);
        Assert.Equal("model-not-configured", problem.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Usage_and_costs_count_calls_made_and_avoided()
    {
        await _host.AskAsync("""{"prompt":"counted"}""");
        await _host.AskAsync("""{"prompt":"counted"}""");
        await _host.AskAsync("""{"prompt":"counted"}""");

        var usage = await _host.JsonAsync(HttpMethod.Get, "/v1/cortex/usage");
        var costs = await _host.JsonAsync(HttpMethod.Get, "/v1/costs/cortex");

        var item = usage.GetProperty("items")[0];
        Assert.Equal(("far", "complete", 1, 2), (item.GetProperty("model").GetString(), item.GetProperty("operation").GetString(), item.GetProperty("calls").GetInt32(), item.GetProperty("hits").GetInt32()));
        Assert.Equal(1000, item.GetProperty("inputTokens").GetInt64());
        Assert.Equal(0.003, costs.GetProperty("spent").GetProperty("dollars").GetDouble(), 9);
        Assert.Equal(0.006, costs.GetProperty("avoided").GetProperty("dollars").GetDouble(), 9);
        Assert.Equal(0.6667, costs.GetProperty("callsAvoidedShare").GetProperty("share").GetDouble());
        Assert.True(costs.GetProperty("costAvoidedShare").GetProperty("isMet").GetBoolean());
    }

    [Fact]
    public async Task A_budget_warns_and_then_refuses_calls_but_not_answers_that_are_there()
    {
        await using var host = new CortexHost(_server, ("Sophia:Cortex:Budgets:local:DollarsPerMonth", "0.005"), ("Sophia:Cortex:Budgets:local:WarnAt", "0.5"));
        var first = await host.AskAsync("""{"prompt":"one"}""");
        await host.AskAsync("""{"prompt":"two"}""");
        var refused = await host.AskAsync("""{"prompt":"three"}""", HttpStatusCode.PaymentRequired);
        var kept = await host.AskAsync("""{"prompt":"one"}""");

        Assert.Equal("warning", first.GetProperty("receipt").GetProperty("budget").GetProperty("state").GetString());
        Assert.Equal("budget-exhausted", refused.GetProperty("code").GetString());
        Assert.Equal("hit", Outcome(kept));
        Assert.Equal(2, _server.Calls);
    }

    [Fact]
    public async Task What_a_call_without_an_answer_cost_counts_towards_the_budget()
    {
        await using var host = new CortexHost(_server, ("Sophia:Cortex:Budgets:local:DollarsPerMonth", "0.001"));
        _server.Next(200, """{"choices":[{"message":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}}""");
        await host.AskAsync("""{"prompt":"say nothing","cache":"off"}""", HttpStatusCode.BadGateway);

        var refused = await host.AskAsync("""{"prompt":"another","cache":"off"}""", HttpStatusCode.PaymentRequired);

        Assert.Equal("budget-exhausted", refused.GetProperty("code").GetString());
        Assert.Equal(1, _server.Calls);
    }

    [Fact]
    public async Task A_stream_that_breaks_off_is_paid_for_as_far_as_it_came()
    {
        await using var host = new CortexHost(_server, ("Sophia:Cortex:Budgets:local:DollarsPerMonth", "0.000001"));
        _server.NextBreaksOff();
        using (var response = await host.SendAsync(HttpMethod.Post, "/v1/cortex/complete", """{"prompt":"one","stream":true}"""))
        {
            Assert.Contains("event: error", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await host.AskAsync("""{"prompt":"two"}""", HttpStatusCode.PaymentRequired);
    }

    [Fact]
    public async Task A_call_whose_caller_has_gone_is_in_the_ledger_though_nothing_is_to_be_kept()
    {
        var gate = new TaskCompletionSource();
        _server.Gate = () => gate.Task;
        var cortex = _host.Services.GetRequiredService<CortexMemory>();
        using var gone = new CancellationTokenSource();
        var call = cortex.CompleteAsync(
            "local", null, new CompletionRequest { Messages = [new PromptMessage(ChatRoleName.User, "gone")], Cache = CacheUse.Off }, new Sophia.Memory.Hierarchy.Trail(), gone.Token).AsTask();
        while (_server.Calls == 0)
        {
            await Task.Delay(5);
        }

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        gate.SetResult();
        var counted = 0L;
        for (var i = 0; i < 3_000 && counted == 0; i++)
        {
            await Task.Delay(10);
            counted = (await cortex.Ledger.ReadAsync("local", 0, cortex.Ledger.Today, default)).Sum(static row => row.InputTokens);
        }

        Assert.NotEqual(0, counted);
    }

    [Fact]
    public async Task A_server_that_says_no_usage_is_counted_by_estimate_and_the_answer_says_so()
    {
        _server.LeavesOutUsage = true;
        var answer = await _host.AskAsync("""{"prompt":"abcdef"}""");
        Assert.True(answer.GetProperty("usage").GetProperty("estimated").GetBoolean());
        Assert.Equal(2, answer.GetProperty("usage").GetProperty("inputTokens").GetInt64());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"prompt":" "}""")]
    [InlineData("""{"prompt":"x","temperature":3}""")]
    [InlineData("""{"prompt":"x","temperature":"hot"}""")]
    [InlineData("""{"prompt":"x","cache":"maybe"}""")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x"}]}""")]
    [InlineData("""{"messages":[{"role":"tool","content":"x"}]}""")]
    [InlineData("""{"messages":["x"]}""")]
    [InlineData("""{"prompt":"x","stop":["a","b","c","d","e"]}""")]
    [InlineData("""{"prompt":"x","colour":1}""")]
    public async Task What_cannot_be_asked_is_refused_before_any_call(string body)
    {
        var problem = await _host.AskAsync(body, HttpStatusCode.BadRequest);
        Assert.Equal("invalid-request", problem.GetProperty("code").GetString());
        Assert.Equal(0, _server.Calls);
    }

    [Fact]
    public async Task Names_that_are_not_there_are_404()
    {
        Assert.Equal("model-not-found", (await _host.AskAsync("""{"prompt":"x","model":"none"}""", HttpStatusCode.NotFound)).GetProperty("code").GetString());
        Assert.Equal("namespace-not-found", (await _host.AskAsync("""{"prompt":"x","namespace":"none"}""", HttpStatusCode.NotFound)).GetProperty("code").GetString());
        await _host.JsonAsync(HttpMethod.Get, "/v1/cortex/usage?month=2026-13", null, HttpStatusCode.BadRequest);
    }
}
