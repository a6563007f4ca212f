using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Sophia.SnowflakeEmulator.Tests.Remote;

/// <summary>A service behind the gateway, on a port of its own: it doubles numbers, and does what a test tells it to do first.</summary>
internal sealed class RemoteService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RemoteService(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single() + "/");

    /// <summary>Each call: its method, its headers, its rows.</summary>
    public ConcurrentQueue<(string Method, IHeaderDictionary Headers, JsonArray Rows)> Calls { get; } = [];

    /// <summary>What happens instead of the answer, by the number of the call; null answers.</summary>
    public Func<int, HttpContext, Task<bool>>? Instead { get; set; }

    /// <summary>The value for a row.</summary>
    public Func<JsonArray, JsonNode?> Value { get; set; } = static row => row[1] is { } x ? x.GetValue<decimal>() * 2 : null;

    public static async Task<RemoteService> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        var app = builder.Build();
        var service = new RemoteService(app);
        app.Run(service.AnswerAsync);
        await app.StartAsync();
        return service;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        JsonArray rows = [];
        if (context.Request.Method == "POST")
        {
            Stream body = context.Request.Headers.ContentEncoding.ToString() switch
            {
                "gzip" => new GZipStream(context.Request.Body, CompressionMode.Decompress),
                "deflate" => new ZLibStream(context.Request.Body, CompressionMode.Decompress),
                _ => context.Request.Body,
            };
            rows = (await JsonNode.ParseAsync(body))!["data"]!.AsArray();
        }

        Calls.Enqueue((context.Request.Method, new HeaderDictionary(context.Request.Headers.ToDictionary()), rows));
        if (Instead is not null && await Instead(Calls.Count, context)) return;
        var answered = rows.Count > 0 ? rows : Calls.Last(static c => c.Method == "POST").Rows;
        await context.Response.WriteAsync(new JsonObject
        {
            ["data"] = new JsonArray([.. answered.Select(row => (JsonNode)new JsonArray(row![0]!.DeepClone(), Value(row.AsArray())))]),
        }.ToJsonString());
    }

    public static async Task<bool> Status(HttpContext context, int status, string body = "")
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(body);
        return true;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
