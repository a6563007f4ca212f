using System.Text;
using Microsoft.Net.Http.Headers;
using Sophia.Api.WebConsole;

namespace Sophia.Api.Composition;

/// <summary>GET /: the console for browsers, and for all others some lines that say what runs here and where to go on.</summary>
internal static class FrontPage
{
    private static readonly byte[] Text = Encoding.UTF8.GetBytes(
        """
        Sophia: the memory of an AI platform runs here.

          /                  the console, in a browser
          /docs              the API, to try it
          /openapi/v1.json   the API, for machines
          /v1/tiers          the tiers: engines, hits, latency
          /health            health

        """);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var files = ConsoleFiles.Read(Path.Combine(AppContext.BaseDirectory, "wwwroot"));
        files.Map(routes);
        routes.MapMethods("/", ["GET", "HEAD"], context =>
        {
            context.Response.Headers.Vary = HeaderNames.Accept;
            return files.Page is { } page && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
                ? ConsoleFiles.SendAsync(context, page)
                : SendTextAsync(context);
        });
    }

    private static Task SendTextAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = Text.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(Text, context.RequestAborted).AsTask();
    }
}
