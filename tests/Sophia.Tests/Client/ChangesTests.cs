using Microsoft.AspNetCore.Http;
using Sophia.Client;

namespace Sophia.Tests.Client;

public sealed class ChangesTests : IAsyncLifetime, IDisposable
{
    private const string Change =
        "id: T1\nevent: put\ndata: {\"recordId\":\"r\",\"key\":\"k\",\"version\":1,\"sequence\":\"T1\",\"recordedAt\":\"2026-01-01T00:00:00.000Z\",\"record\":{\"key\":\"k\",\"content\":\"x\"}}\n\n";

    private readonly HttpClient _http = new();
    private ScriptedService _service = null!;

    public async Task InitializeAsync() => _service = await ScriptedService.StartAsync();

    public async Task DisposeAsync() => await _service.DisposeAsync();

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task The_change_feed_goes_on_after_a_break_where_it_was()
    {
        _service.Feeds.Enqueue(Feed(": hello\n\nretry: 1\nid: T1\nevent: put\ndata: {\"recordId\":\"r\",\"key\":\"k\",\"version\":1,\"sequence\":\"T1\",\"recordedAt\":\"2026-01-01T00:00:00.000Z\",\"record\":{\"key\":\"k\",\"content\":\"x\"}}\n\nevent: weather\ndata: rain\n\n"));
        _service.Feeds.Enqueue(Feed("id: T2\nevent: forget\ndata: {\"recordId\":\"r\",\"key\":null,\"version\":2,\"sequence\":\"T2\",\"recordedAt\":\"2026-01-01T00:00:01.000Z\",\"record\":null}\n\n"));
        _service.Feeds.Enqueue(context => ScriptedService.ProblemAsync(context, 410, "log-trimmed"));

        var changes = new List<ChangeEvent>();
        var error = await Assert.ThrowsAsync<SophiaApiException>(async () =>
        {
            await foreach (var change in Client().ChangesAsync("n", "beginning")) changes.Add(change);
        });

        Assert.Equal("log-trimmed", error.Code);
        Assert.Equal([("put", "T1", "k"), ("forget", "T2", null)], changes.Select(c => (c.Kind, c.Token, c.Key)));
        Assert.Equal("x", changes[0].Record?.Content?.Text);
        Assert.Equal(["", "T1", "T2"], _service.Seen.Select(r => r.Headers["Last-Event-ID"].ToString()));
        Assert.Contains("from=beginning", _service.Seen.First().Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_feed_that_broke_before_its_first_change_goes_on_where_it_began()
    {
        _service.Feeds.Enqueue(context =>
        {
            context.Response.Headers["Sophia-Sequence"] = "T0";
            return Feed(": sophia\nid: T0\n\n")(context);
        });
        _service.Feeds.Enqueue(Feed(Change));

        await using var feed = Client().ChangesAsync("n").GetAsyncEnumerator();

        Assert.True(await feed.MoveNextAsync());
        Assert.Equal("T1", feed.Current.Token);
        Assert.Equal(["", "T0"], _service.Seen.Select(r => r.Headers["Last-Event-ID"].ToString()));
    }

    [Fact]
    public async Task A_feed_lives_through_a_proxys_errors_and_any_number_of_quiet_ends()
    {
        for (var i = 0; i < 10; i++) _service.Feeds.Enqueue(Feed(": hello\n\n"));
        _service.Feeds.Enqueue(context => ScriptedService.ProblemAsync(context, 502, "bad-gateway"));
        _service.Feeds.Enqueue(Feed(Change));

        await using var feed = Client(new SophiaClientOptions { MaxRetries = 2 }).ChangesAsync("n").GetAsyncEnumerator();

        Assert.True(await feed.MoveNextAsync());
        Assert.Equal(12, _service.Seen.Count);
    }

    [Fact]
    public async Task A_feed_that_only_errors_come_from_is_given_up()
    {
        for (var i = 0; i < 3; i++) _service.Feeds.Enqueue(context => ScriptedService.ProblemAsync(context, 502, "bad-gateway"));

        await using var feed = Client(new SophiaClientOptions { MaxRetries = 2 }).ChangesAsync("n").GetAsyncEnumerator();

        Assert.Equal(502, (await Assert.ThrowsAsync<SophiaApiException>(async () => await feed.MoveNextAsync())).Status);
        Assert.Equal(3, _service.Seen.Count);
    }

    [Fact]
    public async Task A_change_that_cannot_be_read_ends_the_feed_instead_of_coming_again_and_again()
    {
        for (var i = 0; i < 100; i++) _service.Feeds.Enqueue(Feed("id: T1\nevent: put\ndata: {\"key\":[]}\n\n"));

        await using var feed = Client().ChangesAsync("n").GetAsyncEnumerator();

        var error = await Assert.ThrowsAsync<HttpRequestException>(async () => await feed.MoveNextAsync());
        Assert.Equal(HttpRequestError.InvalidResponse, error.HttpRequestError);
        Assert.Single(_service.Seen);
    }

    [Fact]
    public async Task A_feed_that_is_silent_for_three_heartbeats_is_made_again()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        _service.Feeds.Enqueue(async context =>
        {
            await Feed(": hello\n\n")(context);
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        // The clock may run on while a connection is made: then there are others.
        for (var i = 0; i < 1000; i++) _service.Feeds.Enqueue(Feed(Change));

        await using var feed = Client(new SophiaClientOptions { TimeProvider = time }).ChangesAsync("n").GetAsyncEnumerator();
        var next = feed.MoveNextAsync().AsTask();
        for (var i = 0; i < 3000 && !next.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromSeconds(20));
            await Task.Delay(10);
        }

        Assert.True(next.IsCompleted, "The feed is waited for for ever.");
        Assert.True(await next);
    }

    private SophiaClient Client(SophiaClientOptions? options = null) =>
        new(_http, (options ?? new SophiaClientOptions()) with { BaseAddress = _service.Address, FirstRetryDelay = TimeSpan.FromMilliseconds(1) });

    private static Func<HttpContext, Task> Feed(string text) => async context =>
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync(text);
    };
}
