using System.Data.Common;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;
using Sophia.GpuTier.Composition;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Sampling;
using Sophia.Snowflake.Serving.Sampling;

namespace Sophia.GpuTier.Snowflake;

/// <summary>Writes the node's pools and GPUs to GPU_MEMORY_POOLS and GPU_PERFORMANCE_METRICS, in the flushes of this process.</summary>
internal sealed class NodeSampling(GpuSampler sampler, SnowflakeFlush flush) : IHostedService
{
    /// <summary>Adds it where an account is configured, or a file of the local engine is named.</summary>
    /// <exception cref="FormatException">The account has no driver in this build, or its connection string is not of the driver's form.</exception>
    public static void Add(IServiceCollection services, NodeOptions options, string? account)
    {
        if (string.IsNullOrWhiteSpace(account) && options.Snowflake.File is null)
        {
            return;
        }

        DbDataSource source;
        try
        {
            source = SnowflakeDataSources.Open(account, options.Snowflake.File);
        }
        catch (Exception error) when (error is SnowflakeDriverMissingException or ArgumentException)
        {
            throw new FormatException($"ConnectionStrings:snowflake: {error.Message}", error);
        }

        services.AddSingleton(s => NodeSamples.Sampler(s.GetRequiredService<GpuNode>(), s.GetRequiredService<GpuSensors>(), options.Snowflake.SampleInterval, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new SnowflakeFlush(
            source, [s.GetRequiredService<GpuSampler>()], options.Snowflake, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILoggerFactory>().CreateLogger("Sophia.Snowflake")));
        services.AddHostedService<NodeSampling>();
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        flush.Start();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        sampler.Dispose();
        await flush.DisposeAsync();
    }
}
