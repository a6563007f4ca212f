using System.Data.Common;
using System.Text.Json;
using Sophia.Api.Composition;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;
using Sophia.Memory.Cortex;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Stores;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.CortexFeed;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Migrations;
using Sophia.Snowflake.Mirror;
using Sophia.Snowflake.Sampling;
using Sophia.Snowflake.Serving.Sampling;

namespace Sophia.Api.Mirroring;

/// <summary>What this service writes to Snowflake: an account's, or the one in its process.</summary>
internal sealed partial class SnowflakeWriter(
    bool isAccount, SnowflakeFlush flush, LogMirror? mirror, GpuSampler sampler, LedgerFeed ledger, CortexMemory cortex, SnowflakeOptions options, ILogger logger) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _warming = Task.CompletedTask;

    public string Engine => isAccount ? "Snowflake" : "local Snowflake (DuckDB)";

    public SnowflakeFlush Flush => flush;

    /// <summary>Null where the log is not mirrored.</summary>
    public LogMirror? Mirror => mirror;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (mirror is not null)
        {
            await mirror.StartAsync(cancellationToken);
            if (mirror.IsNew && options.WarmCache)
            {
                _warming = WarmAsync(_stop.Token);
            }
        }

        flush.Start();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _warming;
        sampler.Dispose();
        ledger.Dispose();
        await flush.DisposeAsync();
        mirror?.Dispose();
    }

    public void Dispose() => _stop.Dispose();

    // A store that is new has no answers yet; those of the one before it may be in Snowflake.
    private async Task WarmAsync(CancellationToken cancellationToken)
    {
        try
        {
            var kept = await CacheWarmer.WarmAsync(flush, cortex, options.StatementTimeout, cancellationToken);
            LogWarmed(kept);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The service ends.
        }
        catch (Exception error) when (error is DbException or TimeoutException or SchemaDriftException or StoreUnavailableException or StoreFullException or JsonException)
        {
            LogCold(error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Kept} answers of models were taken over from Snowflake.")]
    private partial void LogWarmed(int kept);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cache in front of models begins cold: {Reason}")]
    private partial void LogCold(string reason);
}

internal static class SnowflakeServices
{
    /// <exception cref="ConfigurationException">A setting cannot be, or an account is configured without its driver.</exception>
    public static void AddSnowflake(this IServiceCollection services, ApiOptions api, string? connection)
    {
        var options = api.Snowflake;
        if (options.Validate() is { } problem)
        {
            throw new ConfigurationException(problem);
        }

        var isAccount = !string.IsNullOrWhiteSpace(connection);
        DbDataSource source;
        try
        {
            var file = Path.GetFullPath(options.File ?? Path.Combine(api.DataDirectory, "snowflake.duckdb"));
            if (!isAccount)
            {
                // With PostgreSQL and Redis nothing else is in the folder, so nothing else makes it.
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            }

            source = SnowflakeDataSources.Open(connection, file);
        }
        catch (SnowflakeDriverMissingException error)
        {
            throw new ConfigurationException(error.Message);
        }
        catch (ArgumentException error)
        {
            throw new ConfigurationException($"ConnectionStrings:snowflake is not of the driver's form: {error.Message}");
        }

        services.AddSingleton(provider =>
        {
            var memory = provider.GetRequiredService<MemoryHierarchy>();
            var node = provider.GetRequiredService<GpuNode>();
            var sensors = provider.GetRequiredService<GpuSensors>();
            var logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger("Sophia.Snowflake");
            var sampler = NodeSamples.Sampler(node, sensors, options.SampleInterval, memory.Clock);
            var cortex = provider.GetRequiredService<CortexMemory>();
            var ledger = new LedgerFeed(cortex.Ledger, memory.Clock);
            var mirror = options.Mirror ?? isAccount ? new LogMirror(memory, options, $"{node.Name}-{Guid.NewGuid():N}", logger) : null;
            var flush = new SnowflakeFlush(source, mirror is null ? [ledger, sampler] : [mirror, ledger, sampler], options, memory.Clock, logger);
            if (mirror is not null)
            {
                memory.Archive = new MirrorArchive(
                    mirror, flush, options, memory.IsShared, isAccount ? null : "The local Snowflake's file may hold the erased bytes until its room is used again.");
            }

            return new SnowflakeWriter(isAccount, flush, mirror, sampler, ledger, cortex, options, logger);
        });
        services.AddHostedService(static provider => provider.GetRequiredService<SnowflakeWriter>());
    }
}
