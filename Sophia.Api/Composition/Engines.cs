using Npgsql;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Caching;
using Sophia.Memory.Cortex;
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

    /// <summary>L2; what it keeps may take what the inference cache's pools were granted, unless it is configured.</summary>
    public static CortexMemory BuildCortex(IServiceProvider services, ApiOptions api)
    {
        var pools = services.GetRequiredService<GpuNode>().Devices.Sum(static device => device[PoolKind.InferenceCache].Memory.Bytes);
        return new CortexMemory(
            services.GetRequiredService<MemoryHierarchy>(), services.GetRequiredService<ChatModelCatalog>(), api.Cortex with { CacheBytes = api.Cortex.CacheBytes ?? pools },
            services.GetRequiredService<ILoggerFactory>());
    }

    public static MemoryHierarchy Build(IServiceProvider services, ApiOptions api, MemoryOptions memory)
    {
        var clock = services.GetRequiredService<TimeProvider>();
        var loggers = services.GetRequiredService<ILoggerFactory>();
        IRecordStore store = services.GetService<NpgsqlDataSource>() is { } postgres
            ? PostgresRecordStore.Create(postgres, clock, memory.Limits)
            : SqliteRecordStore.Create(api.DataDirectory, clock, loggers.CreateLogger("Sophia.Stores.Sqlite"), memory.Limits);
        var node = services.GetRequiredService<GpuNode>();
        var engine = HostShardEngine.On(node, api.Gpu, Path.Combine(api.DataDirectory, "vectors"), clock);
        ISharedCache? shared = services.GetService<IConnectionMultiplexer>() is { } redis ? new RedisSharedCache(redis, clock) : null;
        return new MemoryHierarchy(store, shared, engine, null, memory, clock, loggers, services.GetRequiredService<ModelCatalog>(), services.GetService<ShardCluster>());
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
