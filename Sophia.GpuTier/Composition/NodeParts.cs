using Npgsql;
using Sophia.Gpu.Devices;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Grains.Nodes;
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

    /// <summary>Shards go to the node with the most room in the pools that vectors stand in.</summary>
    public static NodeSpace SpaceOf(GpuNode node) => new(() => node.Devices.Sum(static device =>
    {
        var report = device[PoolKind.VectorCache].Report();
        return report.GrantedBytes - report.UsedBytes;
    }));

    public static ShardHost BuildShards(IServiceProvider services, NodeOptions options, MemoryOptions memory)
    {
        var clock = services.GetRequiredService<TimeProvider>();
        var node = services.GetRequiredService<GpuNode>();
        var device = DeviceScans.On(node, options.Gpu, clock);
        var pool = node.Devices.FirstOrDefault(d => d.Device.Facts.Kind == DeviceKind.Host)?[PoolKind.VectorCache];
        return new ShardHost(
            PostgresRecordStore.Create(services.GetRequiredService<NpgsqlDataSource>(), clock, memory.Limits),
            services.GetRequiredService<PostgresShardMap>(), options.Cluster.ShardRecords,
            new HostShardEngine(Path.Combine(options.DataDirectory, "vectors"), pool, device), services.GetRequiredService<ModelCatalog>(), memory, clock,
            services.GetRequiredService<ILoggerFactory>());
    }
}
