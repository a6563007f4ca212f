using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Sophia.AppHost.Tests.Model;

/// <summary>The AppHost's model as it is built for a developer, with ports and passwords that a test knows; nothing is started.</summary>
internal static class AppHostModel
{
    private static readonly string[] Known =
    [
        $"Parameters:redis-password={Recording.RedisPassword}", $"Parameters:postgres-password={Recording.PostgresPassword}",
        $"Parameters:snowflake-password={Recording.SnowflakePassword}", $"Parameters:snowflake-functions-secret={Recording.FunctionsSecret}", "ASPIRE_ALLOW_UNSECURED_TRANSPORT=true",
    ];

    private static readonly Dictionary<string, int> Ports = new()
    {
        ["redis"] = Recording.RedisPort, ["postgres"] = Recording.PostgresPort, ["gpu-tier"] = Recording.GpuTierPort,
        ["api"] = Recording.ApiPort, ["snowflake-emulator"] = Recording.EmulatorPort,
    };

    public static async Task<Built> BuildAsync(params string[] arguments)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Sophia_AppHost>([.. Known, .. arguments]);
        return new Built(await builder.BuildAsync());
    }

    /// <summary>A model that is given up in the background: an application that was not started takes 30 s for it.</summary>
    public sealed class Built(DistributedApplication application) : IAsyncDisposable
    {
        public DistributedApplication Application => application;

        public ValueTask DisposeAsync()
        {
            _ = Task.Run(async () => await application.DisposeAsync());
            return ValueTask.CompletedTask;
        }
    }

    public static IReadOnlyDictionary<string, IResource> Resources(this DistributedApplication application) =>
        application.Services.GetRequiredService<DistributedApplicationModel>().Resources.ToDictionary(r => r.Name);

    /// <summary>What the orchestrator would give a service as its environment, on the ports of <see cref="Recording"/>.</summary>
    public static async Task<SortedDictionary<string, string>> EnvironmentOfAsync(this DistributedApplication application, string service)
    {
        var resources = application.Resources();
        foreach (var (name, port) in Ports)
        {
            foreach (var endpoint in resources.TryGetValue(name, out var resource) ? resource.Annotations.OfType<EndpointAnnotation>() : [])
            {
                endpoint.AllocatedEndpoint ??= new AllocatedEndpoint(endpoint, "localhost", port, targetPortExpression: $"{port}");
            }
        }

        var configuration = await ExecutionConfigurationBuilder.Create(resources[service]).WithEnvironmentVariablesConfig()
            .BuildAsync(application.Services.GetRequiredService<DistributedApplicationExecutionContext>(), NullLogger.Instance, default);
        return new(configuration.EnvironmentVariables.ToDictionary(), StringComparer.Ordinal);
    }

    public static IEnumerable<string> WaitsOf(this IResource resource) => resource.Annotations.OfType<WaitAnnotation>().Select(w => w.Resource.Name).Distinct().Order(StringComparer.Ordinal);

    public static IEnumerable<string> CommandsOf(this IResource resource) => resource.Annotations.OfType<ResourceCommandAnnotation>().Select(c => c.Name);
}
