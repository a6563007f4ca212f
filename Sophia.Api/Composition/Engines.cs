using Npgsql;
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
    public static MemoryHierarchy Build(IServiceProvider services, ApiOptions api, MemoryOptions memory)
    {
        var clock = services.GetRequiredService<TimeProvider>();
        var loggers = services.GetRequiredService<ILoggerFactory>();
        IRecordStore store = services.GetService<NpgsqlDataSource>() is { } postgres
            ? PostgresRecordStore.Create(postgres, clock, memory.Limits)
            : SqliteRecordStore.Create(api.DataDirectory, clock, loggers.CreateLogger("Sophia.Stores.Sqlite"), memory.Limits);
        ISharedCache? shared = services.GetService<IConnectionMultiplexer>() is { } redis ? new RedisSharedCache(redis, clock) : null;
        return new MemoryHierarchy(store, shared, new HostShardEngine(Path.Combine(api.DataDirectory, "vectors")), null, memory, clock, loggers, services.GetRequiredService<ModelCatalog>());
    }
}
