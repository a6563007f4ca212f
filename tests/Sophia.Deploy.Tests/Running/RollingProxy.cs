using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sophia.Deploy.Tests.Running;

/// <summary>What stands before the pods: it sends each request to one that is ready, and retries nothing.</summary>
internal sealed class RollingProxy : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Uri, HttpMessageInvoker> _ready = [];
    private readonly Dictionary<Uri, int> _open = [];
    private readonly WebApplication _app;
    private int _turn;

    private RollingProxy()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(ForwardAsync);
    }

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<RollingProxy> StartAsync()
    {
        var proxy = new RollingProxy();
        await proxy._app.StartAsync();
        return proxy;
    }

    public void Add(Uri pod)
    {
        lock (_lock)
        {
            (_ready[pod], _open[pod]) = (new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }), 0);
        }
    }

    /// <summary>No new request goes there, and those that were on their way have been answered: the Deployment waits five seconds for that.</summary>
    public async Task RemoveAsync(Uri pod)
    {
        lock (_lock)
        {
            Assert.True(_ready.Remove(pod));
        }

        while (OpenOf(pod) > 0)
        {
            await Task.Delay(5);
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ForwardAsync(HttpContext context)
    {
        var (pod, client) = Take();
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(pod, context.Request.Path + context.Request.QueryString));
        if (context.Request.ContentLength > 0)
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        }

        try
        {
            using var answer = await client.SendAsync(request, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (HttpRequestException)
        {
            context.Response.StatusCode = (int)HttpStatusCode.BadGateway;
        }
        finally
        {
            lock (_lock)
            {
                _open[pod]--;
            }
        }
    }

    private (Uri Pod, HttpMessageInvoker Client) Take()
    {
        lock (_lock)
        {
            var (pod, client) = _ready.ElementAt(_turn++ % _ready.Count);
            _open[pod]++;
            return (pod, client);
        }
    }

    private int OpenOf(Uri pod)
    {
        lock (_lock)
        {
            return _open[pod];
        }
    }
}
