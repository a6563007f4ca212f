using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Console.Tests.Harness;

/// <summary>The real service with 10,000 records, and a real browser; one of each for all tests.</summary>
public sealed class ConsoleHost : IAsyncLifetime
{
    public const int Records = 10_000;

    /// <summary>The namespace that holds them.</summary>
    public const string Library = "dotnet";

    private const int BatchSize = 1000;

    /// <summary>First what draws without a window alone: the same engine, which takes half the processor's time.</summary>
    private static readonly string[] Places =
        ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

    private DirectoryInfo? _data;
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private SophiaProcess? _service;

    public Uri Address => _service!.Address;

    public HttpClient Http => _service!.Http;

    /// <summary>Chromium as SOPHIA_CHROMIUM or the system has it; null when there is none.</summary>
    internal static string? Chromium { get; } =
        Environment.GetEnvironmentVariable("SOPHIA_CHROMIUM") is { Length: > 0 } named ? named : Places.FirstOrDefault(File.Exists);

    public async Task InitializeAsync()
    {
        if (Chromium is null)
        {
            return;
        }

        _data = Directory.CreateTempSubdirectory("sophia-console-");
        _service = await SophiaProcess.StartAsync(new SophiaSettings { DataDirectory = _data.FullName });
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = ["--no-sandbox", "--disable-gpu"] });
        JsonNode? last = null;
        foreach (var batch in Harness.Library.Records(Records).Chunk(BatchSize))
        {
            last = await PostAsync($"/v1/namespaces/{Library}/memories", new JsonObject { ["items"] = new JsonArray([.. batch]) });
        }

        await IsSearchedAsync(Library, last!);
    }

    /// <summary>A browser's tab of its own, with nothing kept from others. The test is skipped where there is no Chromium.</summary>
    internal async Task<Tab> OpenAsync(string route = "", Look? look = null, Uri? address = null)
    {
        Skip.If(Chromium is null, "Chromium is not installed (./test.sh installs it where it can; SOPHIA_CHROMIUM names one)");
        return await Tab.OpenAsync(_browser!, address ?? Address, route, look ?? Look.Light);
    }

    /// <summary>A service of its own, for what the shared one cannot be.</summary>
    internal static async Task<SophiaProcess> StartAsync(string dataDirectory, Dictionary<string, string> settings)
    {
        Skip.If(Chromium is null, "Chromium is not installed (./test.sh installs it where it can; SOPHIA_CHROMIUM names one)");
        return await SophiaProcess.StartAsync(new SophiaSettings { DataDirectory = dataDirectory, Environment = settings });
    }

    public Task<JsonNode> PostAsync(string path, JsonNode body) => SendAsync(HttpMethod.Post, path, body);

    public Task<JsonNode> PutAsync(string ns, string key, JsonNode body) => SendAsync(HttpMethod.Put, $"/v1/namespaces/{ns}/memories/{Uri.EscapeDataString(key)}", body);

    /// <summary>Waits until every search looks at what was written: those of the console name no sequence.</summary>
    public Task IsSearchedAsync(string ns, JsonNode written) => PostAsync(
        $"/v1/namespaces/{ns}/search", new JsonObject { ["query"] = "x", ["minSequence"] = (string?)written["sequence"], ["timeoutMs"] = 30_000 });

    public async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await Http.GetStringAsync(new Uri(path, UriKind.Relative)))!;

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }

        _data?.Delete(recursive: true);
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonNode body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created
            ? JsonNode.Parse(text)!
            : throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {text}");
    }
}

[CollectionDefinition(Name)]
public sealed class ConsoleTests : ICollectionFixture<ConsoleHost>
{
    public const string Name = "console";
}
