using Npgsql;
using Orleans.Runtime;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;
using Sophia.Memory.Hierarchy;
using Sophia.Stores.Postgres;

namespace Sophia.Api.Composition;

/// <summary>
/// Makes a service a node of L0 too, where it is configured: services then hold the shards for each other. The node is a host of its own
/// that starts in the background and again after a failure: whether it can join or not, and when the others have taken it for dead
/// after a pause, the service answers, and searches by itself while there is no node.
/// </summary>
internal sealed partial class HeldShards(
    MemoryHierarchy memory, GpuNode devices, DeviceWatch watch, GpuSensors sensors, NpgsqlDataSource postgres, ApiOptions api, IConfiguration configuration, TimeProvider clock, ILoggerFactory loggers) : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LeavingPatience = TimeSpan.FromSeconds(5);
    private readonly ILogger _logger = loggers.CreateLogger("Sophia.Cluster");

    /// <summary>After the memory: hosted services start in the order in which they were added, and stop in reverse.</summary>
    public static void AddTo(WebApplicationBuilder builder, ApiOptions api)
    {
        if (api.Cluster.HoldsShards)
        {
            builder.Services.AddHostedService<HeldShards>();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await HoldAsync(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogNotHolding(error.Message, Retry);
                await Task.Delay(Retry, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Joins, and holds shards until the service stops.</summary>
    /// <exception cref="InvalidOperationException">The node was taken for dead by the others, or another error ended it.</exception>
    private async Task HoldAsync(CancellationToken stoppingToken)
    {
        var map = new PostgresShardMap(postgres);
        await ClusterMembership.PrepareAsync(postgres, stoppingToken);
        await map.PrepareAsync(stoppingToken);
        await using var shards = memory.HoldShards(map, api.Cluster.ShardRecords, api.Cluster.NodeBytes ?? api.Cluster.MostBytes / 2);
        var end = new FatalEnd();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(clock);
        builder.Services.AddSingleton(_ => shards);
        builder.Services.AddSingleton(NodeSpace.Of(devices, watch, sensors, api.Cluster));
        builder.AddShardNode(api.Cluster, configuration.GetConnectionString("postgres")!);
        builder.Services.AddSingleton<IFatalErrorHandler>(end);
        using var node = builder.Build();
        try
        {
            await node.StartAsync(stoppingToken);
            LogHolding(api.Cluster.Id);
            await end.Reason.WaitAsync(stoppingToken);
        }
        finally
        {
            using var patience = new CancellationTokenSource(LeavingPatience, clock);
            await node.StopAsync(patience.Token);
        }
    }

    /// <summary>By default the process would be ended; here it is the node alone.</summary>
    private sealed class FatalEnd : IFatalErrorHandler
    {
        private readonly TaskCompletionSource _reason = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Fails when the node cannot go on.</summary>
        public Task Reason => _reason.Task;

        public bool IsUnexpected(Exception exception) => exception is not (OperationCanceledException or ObjectDisposedException);

        public void OnFatalException(object? sender, string? context, Exception? exception) =>
            _reason.TrySetException(new InvalidOperationException($"{context} {exception?.Message}".Trim(), exception));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "This service holds shards for all services of cluster {Cluster}.")]
    private partial void LogHolding(string cluster);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This service holds no shards for others, and tries again in {Retry}: {Reason}")]
    private partial void LogNotHolding(string reason, TimeSpan retry);
}
