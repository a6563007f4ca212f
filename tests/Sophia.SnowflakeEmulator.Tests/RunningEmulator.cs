using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Sophia.SnowflakeEmulator.Tests;

/// <summary>The server on a free port, in this process, with user ADA and a clock that the test moves.</summary>
public sealed class RunningEmulator : IAsyncLifetime, IAsyncDisposable, IDisposable
{
    public const string Password = "correct horse";
    private WebApplication _app = null!;

    public RSA Key { get; } = RSA.Create(2048);
    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.UtcNow);
    public HttpClient Client { get; private set; } = null!;

    /// <summary>Settings beside those of the user, as the command line has them; read when it starts.</summary>
    internal string[] Settings { get; init; } = [];

    internal T Service<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public async Task InitializeAsync()
    {
        _app = await EmulatorHost.BuildAsync(
        [
            "--urls=http://127.0.0.1:0", "--Emulator:Users:0:Name=ada", $"--Emulator:Users:0:Password={Password}", "--Emulator:Users:0:Tokens:0=a-token-of-ada",
            $"--Emulator:Users:0:PublicKey={Convert.ToBase64String(Key.ExportSubjectPublicKeyInfo())}", .. Settings,
        ], Clock);
        await _app.StartAsync();
        Client = new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    /// <summary>As Snowflake.Data reads it; logs in by password.</summary>
    internal string ConnectionString => $"account=test;host=127.0.0.1;port={Client.BaseAddress!.Port};scheme=http;db=SOPHIA;schema=PUBLIC;user=ada;password={Password}";

    /// <summary>Statements at work, of all sessions.</summary>
    internal int Running => Service<Sessions.SessionStore>().Running;

    internal async Task<JsonElement> PostAsync(string path, object body, string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, options: JsonSerializerOptions.Default) };
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Snowflake", $"Token=\"{token}\"");
        using var response = await Client.SendAsync(request);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    internal Task<JsonElement> LoginAsync(object? data = null) =>
        PostAsync("/session/v1/login-request", new { data = data ?? new { ACCOUNT_NAME = "TEST", LOGIN_NAME = "ADA", PASSWORD = Password } });

    internal async Task<string> TokenAsync() => (await LoginAsync()).GetProperty("data").GetProperty("token").GetString()!;

    internal Task<JsonElement> RunAsync(string token, string sql, string? requestId = null) =>
        PostAsync($"/queries/v1/query-request?requestId={requestId ?? Guid.NewGuid().ToString()}", new { sqlText = sql }, token);

    public async Task DisposeAsync() => await _app.DisposeAsync();

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        Dispose();
    }

    public void Dispose()
    {
        Client?.Dispose();
        Key.Dispose();
    }
}
