using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Sophia.Client;

namespace Sophia.Tests.Client;

public sealed class SophiaClientTests : IAsyncLifetime, IDisposable
{
    private readonly HttpClient _http = new();
    private ScriptedService _service = null!;

    public async Task InitializeAsync() => _service = await ScriptedService.StartAsync();

    public async Task DisposeAsync() => await _service.DisposeAsync();

    public void Dispose() => _http.Dispose();

    private SophiaClient Client(SophiaClientOptions? options = null) =>
        new(_http, (options ?? new SophiaClientOptions()) with { BaseAddress = _service.Address, FirstRetryDelay = TimeSpan.FromMilliseconds(1) });

    [Fact]
    public async Task What_was_put_is_got_and_the_answer_says_tier_times_staleness_and_sequence()
    {
        var client = Client(new SophiaClientOptions { ApiKey = "sk_x", Tenant = "acme" });
        var put = await client.PutAsync("notes", "a/b", MemoryDraft.OfText("hällo") with { Tags = ["t"], Attributes = new JsonObject { ["n"] = 3 } });
        var got = await client.GetAsync("notes", "a/b");

        Assert.Equal(ReceiptStatus.Stored, put.Value.Status);
        Assert.Equal("S1", put.Sequence);
        Assert.Equal("hällo", got.Value.Content?.Text);
        Assert.Equal(["t"], got.Value.Tags);
        Assert.Equal(3, (int?)got.Value.Attributes?["n"]);
        Assert.Equal("L3", got.Tier);
        Assert.True(got.Stale);
        Assert.Equal("S1", got.Sequence);
        Assert.Equal("\"1\"", got.ETag);
        Assert.Equal(["near", "l3", "total"], got.Timings.Select(t => t.Name));
        Assert.Equal(TimeSpan.FromMilliseconds(1.75), got.Total);
        var request = _service.Seen.First();
        Assert.Equal("/v1/namespaces/notes/memories/a%2Fb", request.Target);
        Assert.Equal("Bearer sk_x", request.Headers.Authorization);
        Assert.Equal("acme", request.Headers["Sophia-Tenant"]);
    }

    [Fact]
    public async Task Lists_that_a_service_does_not_send_are_empty()
    {
        using var http = new HttpClient(new OneAnswer("""{"hits":[{"key":"k","score":1,"contentType":"text/plain","version":1}],"understood":{},"tookMs":1,"scanned":1,"matching":1}"""));
        var found = (await new SophiaClient(http, new SophiaClientOptions { BaseAddress = _service.Address }).SearchAsync("n", new SearchRequest { Query = "q" })).Value;

        Assert.Empty(found.FilterNotes);
        Assert.Empty(found.Understood!.Phrases.Concat(found.Understood.Corrections.Select(static c => c.From)).Concat(found.Understood.Dates.Select(static d => d.Text)));
        var hit = Assert.Single(found.Hits);
        Assert.Empty(hit.Tags.Concat(hit.MatchedTerms).Concat(hit.Parts.Select(static p => p.Name)).Concat(hit.Highlights.Select(static h => h.Text)));
    }

    [Fact]
    public async Task Json_of_another_service_is_no_answer()
    {
        using var http = new HttpClient(new OneAnswer("{}"));
        var client = new SophiaClient(http, new SophiaClientOptions { BaseAddress = _service.Address });
        Func<Task>[] calls =
        [
            () => client.PutAsync("n", "k", MemoryDraft.OfText("x")),
            () => client.PutManyAsync("n", [MemoryDraft.OfText("x", "k")]),
            () => client.ListAsync("n").GetAsyncEnumerator().MoveNextAsync().AsTask(),
            () => client.SearchAsync("n", new SearchRequest { Query = "q" }),
            () => client.ForgetAsync("n", new ForgetRequest { All = true }),
            () => client.AppendTurnsAsync("s", [new TurnDraft("user", "x")]),
            () => client.GetNamespaceAsync("n"),
            () => client.GetTiersAsync(),
            () => client.ListModelsAsync(),
            () => client.CompleteAsync(new CompletionRequest { Prompt = "x" }),
        ];

        foreach (var call in calls) Assert.Equal(HttpRequestError.InvalidResponse, (await Assert.ThrowsAsync<HttpRequestException>(call)).HttpRequestError);
    }

    [Fact]
    public async Task Any_key_reaches_the_service_as_it_is()
    {
        var client = Client();
        await Gen.Char.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Array[1, 20].Select(c => new string(c)).Where(k => k is not ("." or ".."))
            .SampleAsync(async key => (await client.PutAsync("n", key, MemoryDraft.OfText("x"))).Value.Key == key, iter: 50, threads: 1);
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetAsync("n", ".."));
        Assert.DoesNotContain(_service.Seen, r => !r.Target.StartsWith("/v1/namespaces/n/memories/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Json_and_bytes_come_back_as_they_were_written()
    {
        var client = Client();
        await client.PutAsync("n", "json", new MemoryDraft { Content = new MemoryContent(System.Text.Json.JsonElement.Parse("""{"a":[1,null]}""")) });
        await client.PutAsync("n", "bytes", new MemoryDraft { Bytes = [0, 255, 7] });

        Assert.Equal("""{"a":[1,null]}""", (await client.GetAsync("n", "json")).Value.Content?.ToString());
        Assert.Equal(new byte[] { 0, 255, 7 }, (await client.GetAsync("n", "bytes")).Value.Bytes);
    }

    [Fact]
    public async Task A_record_as_deep_as_the_service_takes_is_listed_and_found_among_others()
    {
        var client = Client();
        var deep = new string('[', 63) + new string(']', 63);
        await client.PutAsync("n", "deep", new MemoryDraft { Content = new MemoryContent(System.Text.Json.JsonElement.Parse(deep)) });
        _service.SearchFields["hits"] = JsonNode.Parse($$$"""[{"key":"k","score":1,"version":1,"context":{"before":[{"key":"deep","content":{{{deep}}}}],"after":[]}}]""", null, new() { MaxDepth = 128 });

        var listed = new List<string?>();
        await foreach (var record in client.ListAsync("n")) listed.Add(record.Content?.ToString());
        Assert.Equal([deep], listed);
        _service.Records.Clear();
        Assert.Equal(deep, (await client.SearchAsync("n", new SearchRequest { Query = "q" })).Value.Hits[0].Context?.Before[0].Content?.ToString());
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_write_that_is_turned_away_is_sent_again_under_the_same_idempotency_key(int status)
    {
        _service.Fault(status, "too-many-writes", retryAfter: "0");
        _service.Fault(status, "too-many-writes");
        var client = Client();

        var answer = await client.PutAsync("n", "k", MemoryDraft.OfText("x"));
        await client.PutAsync("n", "k", MemoryDraft.OfText("y"));

        Assert.Equal(ReceiptStatus.Stored, answer.Value.Status);
        var keys = _service.Seen.Select(r => r.Headers["Idempotency-Key"].ToString()).ToArray();
        Assert.Equal(4, keys.Length);
        Assert.Single(keys[..3].Distinct());
        Assert.NotEqual(keys[0], keys[3]);
        Assert.NotEmpty(keys[0]);
    }

    [Fact]
    public async Task Retries_end_and_the_error_says_all_that_the_service_said()
    {
        for (var i = 0; i < 3; i++) _service.Fault(503, "store-unavailable", retryAfter: "0");
        var error = await Assert.ThrowsAsync<SophiaApiException>(() => Client(new SophiaClientOptions { MaxRetries = 2 }).GetAsync("n", "k"));

        Assert.Equal(3, _service.Seen.Count);
        Assert.Equal(("store-unavailable", 503, "Detail of store-unavailable.", "What to do about store-unavailable.", "trace-1", TimeSpan.Zero),
            (error.Code, error.Status, error.Detail, error.Suggestion, error.TraceId, error.RetryAfter));
        Assert.Equal(new FieldError("items[0].key", "is empty"), Assert.Single(error.Errors));
    }

    [Fact]
    public async Task A_pause_longer_than_the_callers_patience_is_not_waited_for()
    {
        _service.Fault(429, "too-many-writes", retryAfter: "3600");
        var error = await Assert.ThrowsAsync<SophiaApiException>(() => Client().PutAsync("n", "k", MemoryDraft.OfText("x")));
        Assert.Equal(TimeSpan.FromHours(1), error.RetryAfter);
        Assert.Single(_service.Seen);
    }

    [Fact]
    public async Task Retry_after_is_waited_for_by_the_clock()
    {
        var time = new WaitedClock();
        _service.Fault(503, "store-unavailable", retryAfter: "7");
        var call = Client(new SophiaClientOptions { TimeProvider = time }).PutAsync("n", "k", MemoryDraft.OfText("x"));
        // The answer takes its time through the socket; from here on only the clock may end the wait.
        await time.Waiting.Task.WaitAsync(TimeSpan.FromSeconds(30));
        time.Advance(TimeSpan.FromSeconds(6.9));
        await Task.Delay(50);
        Assert.False(call.IsCompleted);
        Assert.Single(_service.Seen);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(ReceiptStatus.Stored, (await call).Value.Status);
    }

    [Fact]
    public async Task Other_errors_are_not_sent_again()
    {
        _service.Fault(500, "internal");
        await Assert.ThrowsAsync<SophiaApiException>(() => Client().GetAsync("n", "k"));
        Assert.Single(_service.Seen);
    }

    [Fact]
    public async Task A_page_of_a_proxy_is_an_error_with_its_status()
    {
        _service.Faults.Enqueue(context =>
        {
            context.Response.StatusCode = 502;
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("<h1>Bad gateway</h1>");
        });
        Assert.Equal("http-502", (await Assert.ThrowsAsync<SophiaApiException>(() => Client().GetAsync("n", "k"))).Code);
        _service.Faults.Enqueue(context => context.Response.WriteAsync("<h1>Hello</h1>"));
        Assert.Equal(HttpRequestError.InvalidResponse, (await Assert.ThrowsAsync<HttpRequestException>(() => Client().GetAsync("n", "k"))).HttpRequestError);
    }

    [Fact]
    public async Task A_record_that_did_not_change_is_not_sent_again()
    {
        var client = Client();
        var put = await client.PutAsync("n", "k", MemoryDraft.OfText("x"));
        Assert.Null((await client.GetIfChangedAsync("n", "k", put.Value.ETag!)).Value);
        await client.PutAsync("n", "k", MemoryDraft.OfText("y"));
        Assert.Equal("y", (await client.GetIfChangedAsync("n", "k", put.Value.ETag!)).Value?.Content?.Text);
    }

    [Fact]
    public async Task Listing_goes_on_over_all_pages()
    {
        var client = Client();
        await client.PutManyAsync("n", [.. Enumerable.Range(0, 5).Select(i => MemoryDraft.OfText("x", $"a&b{i}")), MemoryDraft.OfText("x", "other")]);
        var keys = new List<string>();
        await foreach (var record in client.ListAsync("n", new ListOptions { Prefix = "a&b", Tags = ["t 1", "t2"] })) keys.Add(record.Key);
        Assert.Equal(["a&b0", "a&b1", "a&b2", "a&b3", "a&b4"], keys);
        Assert.Contains("tag=t%201&tag=t2", _service.Seen.Last().Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Not_ready_is_an_answer_of_health_and_asked_once()
    {
        var health = await Client().GetHealthAsync();
        Assert.False(health.Ready);
        Assert.Equal("down", health.Details.GetProperty("status").GetString());
        Assert.Single(_service.Seen);
    }

    [Fact]
    public async Task Tiers_sessions_and_search_are_read()
    {
        var client = Client();
        var tier = Assert.Single((await client.GetTiersAsync()).Value.Tiers);
        Assert.Equal(("L1", "degraded", 0.75, 2), (tier.Tier, tier.State, tier.HitRatio, tier.Evictions?["capacity"]));
        Assert.Null(tier.Latency?.Buckets?[1].LeMs);

        Assert.Equal("T1", (await client.AppendTurnsAsync("s:1", [new TurnDraft("user", "hi")], TimeSpan.FromHours(1))).Sequence);
        Assert.Equal("""{"turns":[{"role":"user","content":"hi"}],"ttlSeconds":3600}""", _service.Seen.Last().Body);
        await client.AppendTurnsAsync("s:1", [new TurnDraft("user", "hi")], TimeSpan.FromSeconds(1.5));
        Assert.EndsWith("\"ttlSeconds\":2}", _service.Seen.Last().Body, StringComparison.Ordinal);
        await client.ForgetSessionAsync("s:1");

        await client.PutAsync("n", "k", MemoryDraft.OfText("the cat"));
        var result = await client.SearchAsync("n", new SearchRequest { Query = "cat", Mode = SearchMode.Lexical, MinSequence = "S1" });
        var hit = Assert.Single(result.Value.Hits);
        Assert.Equal(("k", 0.0164, "lexical"), (hit.Key, hit.Score, Assert.Single(hit.Parts).Name));
        Assert.Equal("""{"query":"cat","mode":"lexical","minSequence":"S1"}""", _service.Seen.Last().Body);
    }

    [Fact]
    public async Task A_namespace_is_removed_whole_after_a_dry_run_that_removes_nothing()
    {
        var client = Client();
        await client.PutAsync("n", "k", MemoryDraft.OfText("the cat"));

        var dry = await client.RemoveNamespaceAsync("n", dryRun: true);
        Assert.Equal((true, 1), (dry.Value.DryRun, dry.Value.Matched));
        Assert.Single(_service.Records);
        var proof = await client.RemoveNamespaceAsync("n");

        Assert.Equal((false, 1), (proof.Value.DryRun, proof.Value.Erased!.Records));
        Assert.Equal(["/v1/namespaces/n?dryRun=true", "/v1/namespaces/n"], _service.Seen.TakeLast(2).Select(static seen => seen.Target));
        Assert.Empty(_service.Records);
    }

    /// <summary>A clock that the test moves, and that says when somebody begins to wait by it.</summary>
    private sealed class WaitedClock : Microsoft.Extensions.Time.Testing.FakeTimeProvider
    {
        public TaskCompletionSource Waiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Waiting.TrySetResult();
            return timer;
        }
    }

    /// <summary>Answers everything with one JSON.</summary>
    private sealed class OneAnswer(string json) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") });
    }
}
