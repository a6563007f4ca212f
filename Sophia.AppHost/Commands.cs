using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace Sophia.AppHost;

/// <summary>What a developer can do to the running API from the dashboard.</summary>
internal static class Commands
{
    /// <summary>Writes a record, reads it, finds it and forgets it, and says what each step took.</summary>
    public static IResourceBuilder<T> WithSmokeTest<T>(this IResourceBuilder<T> api) where T : IResourceWithEndpoints => api.WithCommand(
        "smoke-test", "Run a smoke test", context => CallAsync(context, api, SmokeTest.RunAsync),
        new CommandOptions { Description = "Writes a record, reads it, finds it and forgets it.", IconName = "CheckmarkCircle", IsHighlighted = true });

    /// <summary>Drops what a tier holds in the API's process; it comes back by use.</summary>
    public static IResourceBuilder<T> WithFlush<T>(this IResourceBuilder<T> api, string tier, string what) where T : IResourceWithEndpoints => api.WithCommand(
        $"flush-{tier.ToLowerInvariant()}", $"Flush {tier}", context => CallAsync(context, api, (client, token) => FlushAsync(client, tier, token)),
        new CommandOptions { Description = $"Drops {what} of every namespace. Nothing is lost: they come back by use.", ConfirmationMessage = $"Drop {what} of every namespace?", IconName = "ArrowReset" });

    /// <summary>Starts another resource, such as one that waits to be asked for.</summary>
    public static IResourceBuilder<T> WithStartCommand<T>(this IResourceBuilder<T> resource, string other, string displayName, string icon) where T : IResource => resource.WithCommand(
        $"start-{other}", displayName,
        context => context.Services.GetRequiredService<ResourceCommandService>().ExecuteCommandAsync(other, KnownResourceCommands.StartCommand, context.CancellationToken),
        new CommandOptions { IconName = icon });

    private static async Task<ExecuteCommandResult> CallAsync<T>(ExecuteCommandContext context, IResourceBuilder<T> api, Func<HttpClient, CancellationToken, Task> act)
        where T : IResourceWithEndpoints
    {
        using var client = context.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        client.BaseAddress = new Uri(api.GetEndpoint("http").Url);
        try
        {
            await act(client, context.CancellationToken);
            return CommandResults.Success();
        }
        catch (Exception error) when (error is HttpRequestException or InvalidOperationException or JsonException)
        {
            return CommandResults.Failure(error.Message);
        }
    }

    /// <exception cref="HttpRequestException">The API refused.</exception>
    internal static async Task FlushAsync(HttpClient api, string tier, CancellationToken cancellationToken)
    {
        for (string? page = "/v1/namespaces"; page is not null;)
        {
            using var namespaces = await api.GetFromJsonAsync<JsonDocument>(page, cancellationToken)
                ?? throw new InvalidOperationException($"GET {page} answered nothing.");
            foreach (var space in namespaces.RootElement.GetProperty("items").EnumerateArray())
            {
                var name = Uri.EscapeDataString(space.GetProperty("name").GetString()!);
                using var answer = await api.PostAsync(new Uri($"/v1/tiers/{tier}/evict?namespace={name}", UriKind.Relative), content: null, cancellationToken);
                answer.EnsureSuccessStatusCode();
            }

            page = namespaces.RootElement.GetProperty("next").GetString() is { } cursor ? $"/v1/namespaces?cursor={Uri.EscapeDataString(cursor)}" : null;
        }
    }
}
