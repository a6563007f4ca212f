using Npgsql;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Models;
using Sophia.Memory.Search.Cluster;
using Sophia.Snowflake.Serving;
using Sophia.Stores.Postgres;

namespace Sophia.GpuTier.Composition;

/// <summary>Builds the node: its devices, the models that make missing vectors, its shards.</summary>
internal static class NodeParts
{
    /// <exception cref="FormatException">The devices or their pools cannot be as they are configured.</exception>
    public static GpuNode OpenDevices(NodeOptions options)
    {
        try
        {
            return GpuNode.Open(options.Gpu, TimeProvider.System);
        }
        catch (Exception e) when (e is ArgumentException or DeviceMemoryException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <exception cref="FormatException">A model cannot be made as it is configured; the message says what to change.</exception>
    public static ModelCatalog BuildModels(NodeOptions options, GpuNode node, string? snowflake)
    {
        try
        {
            return CortexModels.Catalog(options.Models, options.DefaultModel, snowflake, TimeProvider.System, node.Devices[0]);
        }
        catch (ArgumentException error)
        {
            throw new FormatException(error.Message, error);
        }
    }

    public static ShardHost BuildShards(IServiceProvider services, NodeOptions options, MemoryOptions memory)
    {
        var clock = services.GetRequiredService<TimeProvider>();
        var node = services.GetRequiredService<GpuNode>();
        var engine = HostShardEngine.On(node, options.Gpu, Path.Combine(options.DataDirectory, "vectors"), clock);
        return new ShardHost(
            PostgresRecordStore.Create(services.GetRequiredService<NpgsqlDataSource>(), clock, memory.Limits),
            services.GetRequiredService<PostgresShardMap>(), options.Cluster.ShardRecords,
            engine, services.GetRequiredService<ModelCatalog>(), memory, clock,
            services.GetRequiredService<ILoggerFactory>(), options.Cluster.MostBytes);
    }
}
