using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sophia.Tests.Cortex;

/// <summary>
/// A server with /v1/chat/completions that behaves as OpenAI documents it: bearer key, choices with a finish reason, usage, streams
/// of data: events that end with [DONE], errors as {"error":{message,type,code}}, 429 with Retry-After. It answers with the last
/// message in capitals and the number of the call; what it answers next can be scripted.
/// </summary>
internal sealed class FakeChatServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _script = new();
    private int _calls;

    private FakeChatServer(WebApplication app) => _app = app;

    public string Key { get; } = "sk-secret-of-the-test";

    public int Calls => Volatile.Read(ref _calls);

    public ConcurrentQueue<JsonElement> Requests { get; } = new();

    /// <summary>Awaited before each answer, and in a stream before each part but the first.</summary>
    public Func<Task>? Gate { get; set; }

    public bool LeavesOutUsage { get; set; }

    public string Endpoint { get; private set; } = "";

    public static async Task<FakeChatServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FakeChatServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        server.Endpoint = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/v1";
        return server;
    }

    /// <summary>The next call is answered so.</summary>
    public void Next(int status, string body = """{"error":{"message":"no","type":"server_error","code":null}}""", params (string Name, string Value)[] headers) =>
        _script.Enqueue(async context =>
        {
            context.Response.StatusCode = status;
            foreach (var (name, value) in headers)
            {
                context.Response.Headers[name] = value;
            }

            await context.Response.WriteAsync(body);
        });

    /// <summary>The next call begins a stream and ends it without [DONE], as a server does that is stopped.</summary>
    public void NextBreaksOff() => _script.Enqueue(async context =>
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half \"}}]}\n\n");
        await context.Response.Body.FlushAsync();
    });

    /// <summary>The next call is not answered until the caller goes away.</summary>
    public void NextHangs() => _script.Enqueue(static async context =>
    {
        var gone = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    });

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var call = Interlocked.Increment(ref _calls);
        if (context.Request.Path != "/v1/chat/completions" || context.Request.Method != "POST")
        {
            context.Response.StatusCode = 404;
            return;
        }

        var body = (await JsonDocument.ParseAsync(context.Request.Body)).RootElement;
        Requests.Enqueue(body);
        if (context.Request.Headers.Authorization != $"Bearer {Key}")
        {
            context.Response.StatusCode = 401;
            await context.Response.WriteAsync($$$"""{"error":{"message":"Incorrect API key provided: {{{context.Request.Headers.Authorization}}}.","type":"invalid_request_error","code":"invalid_api_key"}}""");
            return;
        }

        await (Gate?.Invoke() ?? Task.CompletedTask);
        if (_script.TryDequeue(out var answer))
        {
            await answer(context);
            return;
        }

        var prompt = body.GetProperty("messages").EnumerateArray().Last().GetProperty("content").GetString()!;
        var text = string.Create(CultureInfo.InvariantCulture, $"{prompt.ToUpperInvariant()} ({call})");
        if (body.TryGetProperty("stream", out var streams) && streams.GetBoolean())
        {
            await StreamAsync(context, text);
            return;
        }

        var usage = LeavesOutUsage ? "null" : """{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}""";
        await context.Response.WriteAsync(
            $$"""{"id":"x","object":"chat.completion","model":"fake","choices":[{"index":0,"message":{"role":"assistant","content":{{JsonSerializer.Serialize(text)}}},"finish_reason":"stop"}],"usage":{{usage}}}""");
    }

    private async Task StreamAsync(HttpContext context, string text)
    {
        context.Response.ContentType = "text/event-stream";
        var parts = text.Split(' ').Select((word, i) => i == 0 ? word : " " + word).ToArray();
        for (var i = 0; i < parts.Length; i++)
        {
            if (i > 0)
            {
                await (Gate?.Invoke() ?? Task.CompletedTask);
            }

            await context.Response.WriteAsync($$"""data: {"choices":[{"index":0,"delta":{"content":{{JsonSerializer.Serialize(parts[i])}}},"finish_reason":null}]}""" + "\n\n");
            await context.Response.Body.FlushAsync();
        }

        await context.Response.WriteAsync("""data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n");
        await context.Response.WriteAsync("""data: {"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}}""" + "\n\n");
        await context.Response.WriteAsync("data: [DONE]\n\n");
    }
}
