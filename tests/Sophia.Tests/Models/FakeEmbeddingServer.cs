using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sophia.Tests.Models;

/// <summary>
/// A server with /v1/embeddings that behaves as OpenAI documents it: bearer key, base64 or arrays, one item per input with its
/// index, errors as {"error":{message,type,code}}, 429 with Retry-After. What it answers next can be scripted.
/// </summary>
internal sealed class FakeEmbeddingServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Func<HttpContext, JsonElement, Task<bool>>> _script = new();
    private int _calls;
    private int _texts;

    private FakeEmbeddingServer(WebApplication app) => _app = app;

    public int Dimensions { get; set; } = 8;

    public string Key { get; } = "sk-secret-of-the-test";

    /// <summary>Sent before each word is hashed: another salt is another model.</summary>
    public string Salt { get; set; } = "";

    public bool SendsArrays { get; set; }

    public bool SendsBackwards { get; set; }

    /// <summary>Changes the vector that a model (by its name in the request) makes of a text.</summary>
    public Func<string, string, float[], float[]>? VectorHook { get; set; }

    /// <summary>While set, every call gets this status.</summary>
    public int? DownWith { get; set; }

    /// <summary>Awaited before each answer.</summary>
    public Func<Task>? Gate { get; set; }

    public int Calls => Volatile.Read(ref _calls);

    public int Texts => Volatile.Read(ref _texts);

    public ConcurrentQueue<JsonElement> Requests { get; } = new();

    public string Endpoint { get; private set; } = "";

    public static async Task<FakeEmbeddingServer> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        var server = new FakeEmbeddingServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        server.Endpoint = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/v1";
        return server;
    }

    /// <summary>The next call is answered so.</summary>
    public void Next(int status, string body = """{"error":{"message":"no","type":"server_error","code":null}}""", params (string Name, string Value)[] headers) =>
        _script.Enqueue(async (context, _) =>
        {
            context.Response.StatusCode = status;
            foreach (var (name, value) in headers)
            {
                context.Response.Headers[name] = value;
            }

            await context.Response.WriteAsync(body);
            return true;
        });

    /// <summary>The next call is answered with these vectors for the inputs, whatever they are.</summary>
    public void NextVectors(params float[][] vectors) => _script.Enqueue(async (context, _) =>
    {
        await context.Response.WriteAsync(Body(vectors));
        return true;
    });

    /// <summary>The next call is not answered until the caller goes away.</summary>
    public void NextHangs() => _script.Enqueue(async (context, _) =>
    {
        var gone = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
        return true;
    });

    /// <summary>The vector of a text: its words, hashed.</summary>
    public float[] VectorOf(string text)
    {
        var vector = new float[Dimensions];
        foreach (var word in text.ToLowerInvariant().Split([' ', '.', ',', ';', ':', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            var hash = System.IO.Hashing.XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(Salt + word));
            for (var i = 0; i < 4; i++, hash >>= 16)
            {
                vector[(int)(hash % (uint)Dimensions)] += (hash & 0x8000) == 0 ? 1 : -1;
            }
        }

        return vector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _calls);
        if (context.Request.Path != "/v1/embeddings" || context.Request.Method != "POST")
        {
            context.Response.StatusCode = 404;
            return;
        }

        var body = (await JsonDocument.ParseAsync(context.Request.Body)).RootElement;
        Requests.Enqueue(body);
        await (Gate?.Invoke() ?? Task.CompletedTask);
        if (context.Request.Headers.Authorization != $"Bearer {Key}")
        {
            context.Response.StatusCode = 401;
            await context.Response.WriteAsync($$$"""{"error":{"message":"Incorrect API key provided: {{{context.Request.Headers.Authorization}}}.","type":"invalid_request_error","code":"invalid_api_key"}}""");
            return;
        }

        if (DownWith is { } status)
        {
            context.Response.StatusCode = status;
            return;
        }

        if (_script.TryDequeue(out var answer) && await answer(context, body))
        {
            return;
        }

        var inputs = body.GetProperty("input").EnumerateArray().Select(i => i.GetString()!).ToArray();
        Interlocked.Add(ref _texts, inputs.Length);
        var model = body.GetProperty("model").GetString()!;
        await context.Response.WriteAsync(Body([.. inputs.Select(text => VectorHook is { } hook ? hook(model, text, VectorOf(text)) : VectorOf(text))]));
    }

    private string Body(float[][] vectors)
    {
        var items = vectors.Select((vector, i) => $$"""{"object":"embedding","index":{{i}},"embedding":{{Json(vector)}}}""");
        return $$$"""{"object":"list","model":"fake","data":[{{{string.Join(',', SendsBackwards ? items.Reverse() : items)}}}],"usage":{"prompt_tokens":1,"total_tokens":1}}""";
    }

    private string Json(float[] vector)
    {
        if (SendsArrays)
        {
            return JsonSerializer.Serialize(vector);
        }

        var bytes = new byte[vector.Length * 4];
        for (var i = 0; i < vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * 4), vector[i]);
        }

        return $"\"{Convert.ToBase64String(bytes)}\"";
    }
}
