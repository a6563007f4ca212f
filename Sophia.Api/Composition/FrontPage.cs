using System.Text;

namespace Sophia.Api.Composition;

/// <summary>GET /: says what runs here and where to go on.</summary>
internal static class FrontPage
{
    private static readonly byte[] Page = Encoding.UTF8.GetBytes(
        """
        <!doctype html><html lang="en"><meta charset="utf-8"><title>Sophia</title>
        <h1>Sophia</h1><p>The memory of an AI platform runs here.</p>
        <ul><li><a href="/docs">The API, to try it</a></li><li><a href="/v1/tiers">The tiers: engines, hits, latency</a></li>
        <li><a href="/health">Health</a></li><li><a href="/openapi/v1.json">OpenAPI</a></li></ul></html>

        """);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/", ["GET", "HEAD"], static context =>
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = Page.Length;
        return context.Response.Body.WriteAsync(Page, context.RequestAborted).AsTask();
    });
}
