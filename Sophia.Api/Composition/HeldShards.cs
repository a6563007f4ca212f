using Npgsql;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Pools;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Stores.Postgres;

namespace Sophia.Api.Composition;

/// <summary>Makes a service a node of L0 too, where it is configured: services then hold the shards for each other.</summary>
internal static class HeldShards
{
    /// <summary>After the memory: hosted services start in the order in which they were added, and stop in reverse.</summary>
    public static void AddHeldShards(this WebApplicationBuilder builder, ApiOptions api, string? postgres)
    {
        if (!api.Cluster.HoldsShards)
        {
            return;
        }

        builder.Services.AddSingleton<PostgresShardMap>();
        builder.Services.AddSingleton(services => NodeSpace.Of(services.GetRequiredService<GpuNode>(), api.Cluster));
        builder.Services.AddSingleton(services => services.GetRequiredService<MemoryHierarchy>().HoldShards(
            services.GetRequiredService<PostgresShardMap>(), api.Cluster.ShardRecords, api.Cluster.MostBytes));
        builder.Services.AddHostedService<Lifetime>();
        builder.AddShardNode(api.Cluster, postgres!);
    }

    /// <summary>The tables are there before the node joins, and its shards until it has left.</summary>
    private sealed class Lifetime(ShardHost shards, NpgsqlDataSource postgres, PostgresShardMap map) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            try
            {
                await ClusterMembership.PrepareAsync(postgres, cancellationToken);
                await map.PrepareAsync(cancellationToken);
            }
            catch (Exception e) when (e is StoreUnavailableException or StoreFullException)
            {
                throw new ConfigurationException(e.Message);
            }
        }

        public async Task StopAsync(CancellationToken cancellationToken) => await shards.DisposeAsync();
    }
}
