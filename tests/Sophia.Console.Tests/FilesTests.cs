using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>How the console's files are served.</summary>
[Collection(ConsoleTests.Name)]
public sealed class FilesTests(ConsoleHost host)
{
    private static readonly string[] Outside =
        ["/console/", "/console/none.js", "/console/..%2findex.html", "/console/%2e%2e/%2e%2e/Sophia.Api.dll", "/console/../Sophia.Api.dll", "/console//etc/passwd", "/console/app.js/"];

    private HttpClient Http => ConsoleHost.Chromium is null ? throw new SkipException("Chromium is not installed, so no service was started") : host.Http;

    [SkippableFact]
    public async Task Browsers_get_the_console_and_others_get_text()
    {
        using var page = await GetAsync("/", accept: "text/html,application/xhtml+xml");
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Contains("/console/app.js", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var text = await GetAsync("/", accept: "*/*");
        Assert.Equal("text/plain", text.Content.Headers.ContentType!.MediaType);
        Assert.Contains("/v1/tiers", await text.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.All([page, text], answer => Assert.Contains("Accept", answer.Headers.Vary));
    }

    [SkippableFact]
    public async Task A_file_that_the_browser_has_is_not_sent_again()
    {
        using var first = await GetAsync("/console/app.js");
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal("text/javascript", first.Content.Headers.ContentType!.MediaType);
        Assert.True(first.Headers.CacheControl!.NoCache);
        using var second = await GetAsync("/console/app.js", etag: first.Headers.ETag);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync());
    }

    [SkippableFact]
    public async Task A_compressed_file_is_the_same_file_under_its_own_etag()
    {
        using var plain = await GetAsync("/console/style/tokens.css");
        using var zipped = await GetAsync("/console/style/tokens.css", encoding: "gzip");
        Assert.Equal("gzip", Assert.Single(zipped.Content.Headers.ContentEncoding));
        Assert.NotEqual(plain.Headers.ETag, zipped.Headers.ETag);
        await using var inflated = new GZipStream(await zipped.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using var reader = new StreamReader(inflated);
        Assert.Equal(await plain.Content.ReadAsStringAsync(), await reader.ReadToEndAsync());
    }

    [SkippableFact]
    public async Task No_address_leads_to_other_files()
    {
        foreach (var path in Outside)
        {
            using var answer = await GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        }
    }

    private Task<HttpResponseMessage> GetAsync(string path, string? accept = null, string? encoding = null, EntityTagHeaderValue? etag = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
        {
            request.Headers.Add("Accept", accept);
        }

        if (encoding is not null)
        {
            request.Headers.Add("Accept-Encoding", encoding);
        }

        if (etag is not null)
        {
            request.Headers.IfNoneMatch.Add(etag);
        }

        return Http.SendAsync(request);
    }
}
