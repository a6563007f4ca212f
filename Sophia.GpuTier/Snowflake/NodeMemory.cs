using Npgsql;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Shards;
using Sophia.GpuTier.Composition;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Postgres;

namespace Sophia.GpuTier.Snowflake;

/// <summary>
/// The memory as the functions see it: records from L3, searches by the shards of all nodes, this one among them, of which it is a
/// client like any other.
/// </summary>
internal sealed class NodeMemory(ShardCluster cluster, MemoryHierarchy memory, TimeProvider clock, ILogger<NodeMemory> logger) : IHostedService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), Pause = TimeSpan.FromMilliseconds(50);

    public static void Add(IServiceCollection services, NodeOptions options, MemoryOptions memory, string postgres)
    {
        // The membership tables are there: the node made them before it joined.
        services.AddSingleton(s => new ShardCluster(options.Cluster, postgres, static _ => Task.CompletedTask, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILoggerFactory>()));
        // What it loads while no node can be asked stands beside the node's own shards, which may take most of the memory.
        memory = memory with { ShardMostBytes = memory.ShardMostBytes ?? memory.ShardLimitBytes };
        services.AddSingleton(s =>
        {
            var clock = s.GetRequiredService<TimeProvider>();
            return new MemoryHierarchy(
                PostgresRecordStore.Create(s.GetRequiredService<NpgsqlDataSource>(), clock, memory.Limits), null, new HostShardEngine(), null, memory, clock,
                s.GetRequiredService<ILoggerFactory>(), s.GetRequiredService<ModelCatalog>(), s.GetRequiredService<ShardCluster>(), isReader: true);
        });
        services.AddHostedService<NodeMemory>();
    }

    /// <summary>Waits for the cluster, since a search without it would load whole shards a second time here.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await cluster.StartAsync(cancellationToken);
        await memory.StartAsync(cancellationToken);
        var started = clock.GetTimestamp();
        while (cluster.Reason is { } reason)
        {
            if (clock.GetElapsedTime(started) > Patience)
            {
                NodeMemoryLog.Alone(logger, reason);
                return;
            }

            await Task.Delay(Pause, clock, cancellationToken);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await memory.DisposeAsync();
        await cluster.StopAsync(cancellationToken);
    }
}

internal static partial class NodeMemoryLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Functions of Snowflake's SQL search without the other nodes: {Reason}")]
    public static partial void Alone(ILogger logger, string reason);
}
