using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Sophia.Bench.HotGet;

/// <summary>
/// The rival of the hot GET: minimal-API endpoints that know one answer. /result returns it as most code would; /direct
/// writes it to the response without a result object, the least that ASP.NET Core can do behind its routing.
/// </summary>
internal static class BareEndpoint
{
    public const string Result = "/result/{name}";
    public const string Direct = "/direct/{name}";
    private const string ContentType = "application/json";

    public static async Task RunAsync(int port, string bodyFile)
    {
        var body = await File.ReadAllBytesAsync(bodyFile);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        var app = builder.Build();
        app.MapGet(Result, () => TypedResults.Bytes(body, ContentType));
        app.MapGet(Direct, context =>
        {
            context.Response.ContentType = ContentType;
            context.Response.ContentLength = body.Length;
            var write = context.Response.BodyWriter.WriteAsync(body);
            return write.IsCompletedSuccessfully ? Task.CompletedTask : write.AsTask();
        });
        await app.RunAsync();
    }
}
