using Npgsql;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Stores.Postgres;

namespace Sophia.GpuTier.Composition;

/// <summary>Follows the log before the node joins the cluster and until it has left: services start in the order in which they were added.</summary>
internal sealed class NodeLifetime(ShardHost shards, NpgsqlDataSource postgres, PostgresShardMap map) : IHostedService
{
    /// <exception cref="FormatException">PostgreSQL does not answer.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ClusterMembership.PrepareAsync(postgres, cancellationToken);
            await shards.StartAsync(cancellationToken);
            await map.PrepareAsync(cancellationToken);
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreFullException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken) => await shards.DisposeAsync();
}
