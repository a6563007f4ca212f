using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sophia.Gpu.Shards;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Serving.Functions;

/// <summary>Builds what the functions need; batches are kept in PostgreSQL where it is configured, so that any replica may be asked.</summary>
public static class ExternalFunctionServices
{
    /// <summary>Adds an <see cref="ExternalFunctionEndpoint"/>; the services have a <see cref="MemoryHierarchy"/>, a <see cref="ModelCatalog"/> and a <see cref="TimeProvider"/>.</summary>
    /// <param name="postgres">Gives PostgreSQL, or null where there is none.</param>
    /// <param name="meaning">What an exception of PostgreSQL means to a caller; null for a bug.</param>
    /// <exception cref="ArgumentException">An integration or a limit cannot be; the message says which setting to change.</exception>
    public static void AddExternalFunctions(
        this IServiceCollection services, ExternalFunctionOptions options, Func<IServiceProvider, DbDataSource?> postgres,
        Func<Exception, Exception?> meaning)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Limits.Validate() is { } wrong)
        {
            throw new ArgumentException($"Sophia:ExternalFunctions:Limits: {wrong}");
        }

        var ring = IntegrationRing.From(options.Integrations, "Sophia:ExternalFunctions:Integrations");
        services.AddSingleton<IBatchStore>(s => postgres(s) is { } database ? new BatchesInDatabase(database, meaning) : new BatchesInProcess(options.Limits.MaxKeptBytes));
        services.AddSingleton(s => new BatchRunner(
            s.GetRequiredService<IBatchStore>(), options.Limits, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILoggerFactory>().CreateLogger("Sophia.ExternalFunctions")));
        services.AddSingleton(s =>
        {
            var vectors = new TextVectors(s.GetRequiredService<ModelCatalog>());
            IExternalFunction[] functions =
            [
                new EmbedFunction(vectors), new SimilarityFunction(vectors),
                new VectorSearchFunction(s.GetRequiredService<MemoryHierarchy>()), new RerankFunction(vectors, new HostShardEngine()),
            ];
            return new ExternalFunctionEndpoint(functions, ring, s.GetRequiredService<BatchRunner>(), options);
        });
        if (!ring.IsEmpty)
        {
            services.AddHostedService<BatchTable>();
        }
    }

    /// <summary>Makes the table of batches before the first call, once the store is there, has old ones removed, and stops those in work while what they ask is still there.</summary>
    private sealed class BatchTable(IBatchStore store, BatchRunner runner) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            if (store is BatchesInDatabase database)
            {
                await database.PrepareAsync(cancellationToken).ConfigureAwait(false);
            }

            runner.KeepTidy();
        }

        // What runs is cancelled, so it ends soon; however short the time, the memory that it asks must not go before it.
        public async Task StopAsync(CancellationToken cancellationToken) => await runner.DisposeAsync().ConfigureAwait(false);
    }
}
