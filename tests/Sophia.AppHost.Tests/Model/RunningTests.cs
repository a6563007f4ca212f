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
        await using var application = await StartAsync(patience.Token);
        var notifications = application.Services.GetRequiredService<ResourceNotificationService>();
        Assert.True(notifications.TryGetCurrentState("api", out var running));
        Assert.Superset(new HashSet<string> { "Console", "API", "Metrics" }, running.Snapshot.Urls.Select(url => url.DisplayProperties.DisplayName).ToHashSet());
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

    [SkippableFact]
    public async Task The_load_generator_asks_the_api_from_when_it_is_started_until_it_is_stopped()
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "wrk"))), "wrk is not installed.");
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var application = await StartAsync(patience.Token);
        var notifications = application.Services.GetRequiredService<ResourceNotificationService>();
        var commands = application.Services.GetRequiredService<ResourceCommandService>();
        using var http = application.CreateHttpClient("api", "http");
        async Task<bool> IsAskedAsync() => (await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), patience.Token)).Contains("http_route=\"/v1/tiers\"", StringComparison.Ordinal);
        Assert.False(await IsAskedAsync());

        Assert.True((await commands.ExecuteCommandAsync("load", KnownResourceCommands.StartCommand, patience.Token)).Success);
        await notifications.WaitForResourceAsync("load", KnownResourceStates.Running, patience.Token);
        while (!await IsAskedAsync())
        {
            await Task.Delay(100, patience.Token);
        }

        Assert.True((await commands.ExecuteCommandAsync("load", KnownResourceCommands.StopCommand, patience.Token)).Success);
        await notifications.WaitForResourceAsync("load", KnownResourceStates.TerminalStates, patience.Token);
        await application.StopAsync(patience.Token);
    }

    [SkippableFact]
    public async Task Migrations_are_applied_to_the_emulator_by_the_command_on_it_and_again_without_harm()
    {
        Skip.IfNot(LocalEngines.HasSnowflakeDriver, "Snowflake.Data is not part of the build.");
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var application = await StartAsync(patience.Token);
        var notifications = application.Services.GetRequiredService<ResourceNotificationService>();
        var commands = application.Services.GetRequiredService<ResourceCommandService>();
        for (var time = 0; time < 2; time++)
        {
            var started = await commands.ExecuteCommandAsync("snowflake", "start-snowflake-migrations", patience.Token);
            Assert.True(started.Success, started.Message);
            var ended = await notifications.WaitForResourceAsync("snowflake-migrations", state => state.Snapshot.ExitCode is not null, patience.Token);
            Assert.Equal(0, ended.Snapshot.ExitCode);
        }

        await application.StopAsync(patience.Token);
    }

    private static async Task<DistributedApplication> StartAsync(CancellationToken cancellationToken)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Sophia_AppHost>(["LocalEngines=embedded", "ASPIRE_ALLOW_UNSECURED_TRANSPORT=true"], cancellationToken);
        var application = await builder.BuildAsync(cancellationToken);
        await application.StartAsync(cancellationToken);
        await application.Services.GetRequiredService<ResourceNotificationService>().WaitForResourceHealthyAsync("api", cancellationToken);
        return application;
    }
}
