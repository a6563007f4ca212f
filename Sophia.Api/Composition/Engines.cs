using Npgsql;
using Sophia.Gpu.Devices;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Caching;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Stores;
using Sophia.Stores.Postgres;
using Sophia.Stores.Redis;
using Sophia.Stores.Sqlite;
using StackExchange.Redis;

namespace Sophia.Api.Composition;

/// <summary>Chooses each engine by whether its connection is configured, and builds the memory on them.</summary>
internal static class Engines
{
    /// <exception cref="ConfigurationException">The devices or their pools cannot be as they are configured.</exception>
    public static GpuNode OpenDevices(ApiOptions api, TimeProvider clock)
    {
        try
        {
            return GpuNode.Open(api.Gpu, clock);
        }
        catch (Exception e) when (e is ArgumentException or DeviceMemoryException)
        {
            throw new ConfigurationException(e.Message);
        }
    }

    public static MemoryHierarchy Build(IServiceProvider services, ApiOptions api, MemoryOptions memory)
    {
        var clock = services.GetRequiredService<TimeProvider>();
        var loggers = services.GetRequiredService<ILoggerFactory>();
        IRecordStore store = services.GetService<NpgsqlDataSource>() is { } postgres
            ? PostgresRecordStore.Create(postgres, clock, memory.Limits)
            : SqliteRecordStore.Create(api.DataDirectory, clock, loggers.CreateLogger("Sophia.Stores.Sqlite"), memory.Limits);
        var node = services.GetRequiredService<GpuNode>();
        var device = DeviceScans.On(node, api.Gpu, clock);
        var pool = node.Devices.FirstOrDefault(d => d.Device.Facts.Kind == DeviceKind.Host)?[PoolKind.VectorCache];
        ISharedCache? shared = services.GetService<IConnectionMultiplexer>() is { } redis ? new RedisSharedCache(redis, clock) : null;
        return new MemoryHierarchy(store, shared, new HostShardEngine(Path.Combine(api.DataDirectory, "vectors"), pool, device), null, memory, clock, loggers, services.GetRequiredService<ModelCatalog>(), services.GetService<ShardCluster>());
    }

    /// <summary>The nodes of L0, where they are configured.</summary>
    public static void AddShardCluster(this IServiceCollection services, ApiOptions api, string? postgres)
    {
        if (!api.Cluster.IsOff)
        {
            services.AddSingleton(s => new ShardCluster(
                api.Cluster, postgres!, stop => ClusterMembership.PrepareAsync(s.GetRequiredService<NpgsqlDataSource>(), stop),
                s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILoggerFactory>()));
            services.AddHostedService(static s => s.GetRequiredService<ShardCluster>());
        }
    }
}
