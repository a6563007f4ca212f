using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Sophia.Tests.Api;

/// <summary>The service on a port of loopback, with a data directory of its own. Any public type names its assembly: Program is there twice.</summary>
public class ApiHost : WebApplicationFactory<Sophia.Api.Composition.ApiOptions>
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sophia-api-").FullName;

    private readonly IReadOnlyDictionary<string, string> _settings;

    public ApiHost()
        : this(new Dictionary<string, string>())
    {
    }

    internal ApiHost(IReadOnlyDictionary<string, string> settings)
    {
        _settings = settings;
        // A real server: keys in addresses, limits and streams are the server's business as much as ours.
        UseKestrel(0);
        StartServer();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Sophia:DataDirectory", _directory);
        builder.UseSetting("Sophia:Announce", "false");
        builder.UseSetting("Sophia:HeartbeatInterval", "00:00:00.2");
        foreach (var (name, value) in _settings)
        {
            builder.UseSetting(name, value);
        }
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        // The host's own address, so that the path goes out as it is written here.
        using var client = CreateClient();
        var address = new Uri($"http://127.0.0.1:{client.BaseAddress!.Port}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(method, address);
        if (json is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.Remove(name);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await client.SendAsync(request);
    }

    public async Task<JsonElement> JsonAsync(HttpMethod method, string path, string? json = null, HttpStatusCode expected = HttpStatusCode.OK, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(method, path, json, headers);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{method} {path}: {(int)response.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }
}

/// <summary>The service with keys: two tenants, one right each, and a key for both.</summary>
public sealed class KeyedApiHost : ApiHost
{
    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        base.ConfigureWebHost(builder);
        (string Key, string[] Tenants, string[] Scopes)[] keys =
        [
            ("red-key", ["red"], ["read", "write", "admin"]), ("blue-key", ["blue"], ["read", "write"]),
            ("reader-key", ["red"], ["read"]), ("warden-key", ["red"], ["admin"]), ("both-key", ["red", "blue"], ["read"]),
        ];
        for (var i = 0; i < keys.Length; i++)
        {
            var hash = System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(keys[i].Key));
            builder.UseSetting($"Sophia:ApiKeys:{i}:Name", keys[i].Key[..^4]);
            builder.UseSetting($"Sophia:ApiKeys:{i}:Hash", "sha256:" + Convert.ToHexStringLower(hash));
            for (var t = 0; t < keys[i].Tenants.Length; t++)
            {
                builder.UseSetting($"Sophia:ApiKeys:{i}:Tenants:{t}", keys[i].Tenants[t]);
            }

            for (var s = 0; s < keys[i].Scopes.Length; s++)
            {
                builder.UseSetting($"Sophia:ApiKeys:{i}:Scopes:{s}", keys[i].Scopes[s]);
            }
        }
    }
}
