using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Sophia.AppHost.Tests.Model;

/// <summary>The system as a developer starts it, under Aspire's own orchestrator.</summary>
public sealed class RunningTests
{
    [Fact]
    public async Task The_system_comes_up_and_its_commands_work()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Sophia_AppHost>(["LocalEngines=embedded", "ASPIRE_ALLOW_UNSECURED_TRANSPORT=true"], patience.Token);
        await using var application = await builder.BuildAsync(patience.Token);
        await application.StartAsync(patience.Token);
        var notifications = application.Services.GetRequiredService<ResourceNotificationService>();
        await notifications.WaitForResourceHealthyAsync("api", patience.Token);
        var commands = application.Services.GetRequiredService<ResourceCommandService>();

        var smoke = await commands.ExecuteCommandAsync("api", "smoke-test", patience.Token);
        Assert.True(smoke.Success, smoke.Message);
        foreach (var tier in new[] { "flush-l0", "flush-l1" })
        {
            var flushed = await commands.ExecuteCommandAsync("api", tier, patience.Token);
            Assert.True(flushed.Success, flushed.Message);
        }

        Assert.True((await commands.ExecuteCommandAsync("api", "start-sample-data", patience.Token)).Success);
        await notifications.WaitForResourceAsync("sample-data", KnownResourceStates.Finished, patience.Token);
        using var http = application.CreateHttpClient("api", "http");
        using var found = await http.PostAsJsonAsync("/v1/namespaces/docs/search", new { query = "what happens when Redis is away", k = 3 }, patience.Token);
        using var hits = (await found.Content.ReadFromJsonAsync<JsonDocument>(patience.Token))!;
        Assert.NotEmpty(hits.RootElement.GetProperty("hits").EnumerateArray());

        using var emulator = application.CreateHttpClient("snowflake-emulator", "http");
        Assert.Equal("Healthy", await emulator.GetStringAsync(new Uri("/health", UriKind.Relative), patience.Token));
        await application.StopAsync(patience.Token);
    }
}
