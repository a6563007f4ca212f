using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sophia.Bench.Cortex;

/// <summary>The server of a model that the measured service calls once: /v1/chat/completions with one answer of the given text.</summary>
internal sealed class ChatEndpoint : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ChatEndpoint(WebApplication app) => _app = app;

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/v1";

    public static async Task<ChatEndpoint> StartAsync(string text)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var body = Encoding.UTF8.GetBytes(
            $$$"""{"choices":[{"message":{"role":"assistant","content":{{{System.Text.Json.JsonSerializer.Serialize(text)}}}},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":250}}""");
        app.MapPost("/v1/chat/completions", async context => await context.Response.Body.WriteAsync(body));
        await app.StartAsync();
        return new ChatEndpoint(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
