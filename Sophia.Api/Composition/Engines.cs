using Sophia.Memory.Hierarchy;
#if ENGINES
using Npgsql;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Memory.Caching;
using Sophia.Memory.Stores;
using Sophia.Stores;
using StackExchange.Redis;
#endif

namespace Sophia.Api.Composition;

/// <summary>Chooses each engine by whether its connection is configured, and builds the memory on them.</summary>
internal static class Engines
{
#if ENGINES
    public static MemoryHierarchy Build(IServiceProvider services, ApiOptions api, MemoryOptions memory)
    {
        var clock = services.GetRequiredService<TimeProvider>();
        var loggers = services.GetRequiredService<ILoggerFactory>();
        IRecordStore store = services.GetService<NpgsqlDataSource>() is { } postgres
            ? PostgresRecordStore.Create(postgres, clock)
            : SqliteRecordStore.Create(api.DataDirectory, clock, loggers.CreateLogger<SqliteRecordStore>());
        ISharedCache? shared = services.GetService<IConnectionMultiplexer>() is { } redis ? new RedisSharedCache(redis) : null;
        return new MemoryHierarchy(store, shared, new HostShardEngine(), new HashedEmbedder(), memory, clock, loggers);
    }
#else
    public static MemoryHierarchy Build(IServiceProvider services, ApiOptions api, MemoryOptions memory) =>
        throw new ConfigurationException("This build has no engines.");
#endif
}
