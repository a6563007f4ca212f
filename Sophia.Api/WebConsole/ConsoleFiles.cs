using System.Collections.Frozen;
using Microsoft.Net.Http.Headers;
using Sophia.Api.Problems;

namespace Sophia.Api.WebConsole;

/// <summary>
/// The files of the console: read once from wwwroot beside the program, so that no request can name any other file.
/// They need no API key; the calls that they make do.
/// </summary>
internal sealed class ConsoleFiles
{
    /// <summary>
    /// Scripts, styles and data come from this service alone, nothing may frame it, and no text becomes markup: with
    /// Trusted Types (W3C) innerHTML and its kind throw.
    /// </summary>
    public const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private readonly FrozenDictionary<string, ConsoleFile> _byPath;

    private ConsoleFiles(FrozenDictionary<string, ConsoleFile> byPath) => _byPath = byPath;

    /// <summary>The page at /; null when the program was put somewhere without its wwwroot.</summary>
    public ConsoleFile? Page => _byPath.GetValueOrDefault("index.html");

    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ConsoleFiles Read(string folder)
    {
        var files = new Dictionary<string, ConsoleFile>(StringComparer.Ordinal);
        if (Directory.Exists(folder))
        {
            foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                if (ConsoleFile.Read(path) is { } file)
                {
                    files[Path.GetRelativePath(folder, path).Replace('\\', '/')] = file;
                }
            }
        }

        return new ConsoleFiles(files.ToFrozenDictionary(StringComparer.Ordinal));
    }

    public void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/console/{**path}", ["GET", "HEAD"], context =>
        _byPath.TryGetValue($"console/{context.Request.RouteValues["path"]}", out var file)
            ? SendAsync(context, file)
            : throw Refuse.With(404, "not-found", "The console has no such file.", "Open / in a browser."));

    /// <summary>Sends the file, or 304 when the caller has it. A browser asks again each time, so an upgrade shows at once.</summary>
    public static Task SendAsync(HttpContext context, ConsoleFile file)
    {
        var request = context.Request;
        var isZipped = request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        var etag = isZipped ? file.ZippedETag : file.ETag;
        var response = context.Response;
        var headers = response.Headers;
        headers.ETag = etag;
        headers.CacheControl = "no-cache";
        headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (request.Headers.IfNoneMatch.ToString().Contains(etag, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        var body = isZipped ? file.Zipped : file.Bytes;
        headers.ContentType = file.ContentType;
        headers.ContentLength = body.Length;
        if (isZipped)
        {
            headers.ContentEncoding = "gzip";
        }

        return HttpMethods.IsHead(request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }
}
