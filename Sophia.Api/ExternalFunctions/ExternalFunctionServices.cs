using Npgsql;
using Sophia.Api.Composition;
using Sophia.Gpu.Shards;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Api.ExternalFunctions;

/// <summary>Builds what the functions need; batches are kept in PostgreSQL where it is configured, so that any replica may be asked.</summary>
internal static class ExternalFunctionServices
{
    /// <exception cref="ConfigurationException">An integration or a limit cannot be.</exception>
    public static void AddExternalFunctions(this IServiceCollection services, ExternalFunctionOptions options)
    {
        if (options.Limits.Validate() is { } wrong)
        {
            throw new ConfigurationException($"Sophia:ExternalFunctions:Limits: {wrong}");
        }

        IntegrationRing ring;
        try
        {
            ring = IntegrationRing.From(options.Integrations, "Sophia:ExternalFunctions:Integrations");
        }
        catch (ArgumentException e)
        {
            throw new ConfigurationException(e.Message);
        }

        services.AddSingleton(options);
        services.AddSingleton(ring);
        services.AddSingleton<IBatchStore>(s => s.GetService<NpgsqlDataSource>() is { } postgres ? new BatchesInDatabase(postgres) : new BatchesInProcess());
        services.AddSingleton(s => new BatchRunner(
            s.GetRequiredService<IBatchStore>(), options.Limits, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILoggerFactory>().CreateLogger("Sophia.ExternalFunctions")));
        services.AddSingleton(s => new TextVectors(s.GetRequiredService<ModelCatalog>()));
        services.AddSingleton<IExternalFunction>(s => new EmbedFunction(s.GetRequiredService<TextVectors>()));
        services.AddSingleton<IExternalFunction>(s => new SimilarityFunction(s.GetRequiredService<TextVectors>()));
        services.AddSingleton<IExternalFunction>(s => new VectorSearchFunction(s.GetRequiredService<MemoryHierarchy>()));
        services.AddSingleton<IExternalFunction>(s => new RerankFunction(s.GetRequiredService<TextVectors>(), new HostShardEngine()));
        if (!ring.IsEmpty)
        {
            services.AddHostedService<BatchTable>();
        }
    }

    /// <summary>Makes the table of batches before the first call, once the store is there.</summary>
    private sealed class BatchTable(IBatchStore store) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) =>
            store is BatchesInDatabase database ? database.PrepareAsync(cancellationToken) : Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
