using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Sampling;
using Sophia.Snowflake.Tests.Mirror;

namespace Sophia.Snowflake.Tests.Sampling;

public sealed class GpuSamplerTests : IAsyncLifetime, IDisposable
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly FaultySnowflake _lake = new();
    private List<PoolSample> _pools = [new("n1/host/vector-cache", "n1", "vector-cache", 30_000_000_000, 0)];
    private List<GpuSample> _gpus = [];
    private GpuSampler _sampler = null!;
    private SnowflakeFlush _flush = null!;

    public async Task InitializeAsync()
    {
        await new Sophia.Snowflake.Migrations.Migrator(_lake.Inside).ApplyAsync(null, CancellationToken.None);
        _sampler = new GpuSampler(() => _pools, () => _gpus, "n1", TimeSpan.FromMinutes(1), _clock);
        _flush = new SnowflakeFlush(_lake, [_sampler], new SnowflakeOptions(), _clock, NullLogger.Instance);
    }

    public async Task DisposeAsync()
    {
        _sampler.Dispose();
        await _flush.DisposeAsync();
        await _lake.Inside.DisposeAsync();
    }

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task A_pool_has_one_row_with_its_newest_state_and_only_a_change_is_a_reason_to_write()
    {
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, _sampler.Waiting);
        await _flush.FlushAsync(CancellationToken.None);
        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, _sampler.Waiting);

        _pools = [_pools[0] with { UsedBytes = 1_500_000_000 }];
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, _sampler.Waiting);
        await _flush.FlushAsync(CancellationToken.None);

        var row = Assert.Single(await _lake.QueryAsync("select pool_name, allocated_memory_gb, used_memory_gb, pool_type, last_updated, node_id from sophia_ai_memory.gpu_memory_pools"));
        Assert.Equal(["n1/host/vector-cache", 30.0, 1.5, "vector-cache", new DateTime(2026, 11, 1, 12, 7, 0), "n1"], row);
    }

    [Fact]
    public async Task Readings_of_a_gpu_are_kept_each_and_those_of_an_idle_one_resume_no_warehouse()
    {
        _pools = [];
        _gpus = [new(0, "GPU-1", 0.25, 0, 41, 70.5)];
        _clock.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(0, _sampler.Waiting);
        _gpus = [new(0, "GPU-1", 0.5, 0.75, 60, null)];
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, _sampler.Waiting);

        Assert.Equal(4, await _flush.FlushAsync(CancellationToken.None));
        Assert.Equal(0, await _flush.FlushAsync(CancellationToken.None));

        var rows = await _lake.QueryAsync("select metric_id, gpu_id, memory_utilization, compute_utilization, temperature_celsius, power_usage_watts, node_id from sophia_ai_memory.gpu_performance_metrics order by recorded_at");
        Assert.Equal(4, rows.Count);
        Assert.Equal([0L, 0.5, 0.75, 60.0, DBNull.Value, "n1"], rows[3][1..]);
    }

    [Fact]
    public async Task What_could_not_be_written_is_written_the_next_time()
    {
        _gpus = [new(0, "GPU-1", 0.5, 1, 60, 100)];
        _clock.Advance(TimeSpan.FromMinutes(2));
        _lake.OnStatement = (sql, _) => sql.Contains("GPU_PERFORMANCE_METRICS", StringComparison.Ordinal) && sql.StartsWith("MERGE", StringComparison.Ordinal) ? throw new DriverException("HTTP 500") : Task.CompletedTask;
        await Assert.ThrowsAsync<DriverException>(() => _flush.FlushAsync(CancellationToken.None));
        _lake.OnStatement = null;

        await _flush.FlushAsync(CancellationToken.None);

        Assert.Equal([[2L, 1L]], await _lake.QueryAsync("select (select count(*) from sophia_ai_memory.gpu_performance_metrics), (select count(*) from sophia_ai_memory.gpu_memory_pools)"));
    }

    [Theory]
    [InlineData("n1/gpu0/models", "n1/gpu0/models")]
    [InlineData("sophia-gpu-tier-7f9c8d6b5c-abcde.europe-west4-cluster-one/gpu0/inference-cache", "-cluster-one/gpu0/inference-cache")]
    public void A_name_fits_its_column_and_stays_the_same(string name, string end)
    {
        var sample = new PoolSample(name, "n", "models", 0, 0);
        Assert.InRange(sample.ShortName.Length, 1, 50);
        Assert.EndsWith(end, sample.ShortName, StringComparison.Ordinal);
        Assert.NotEqual(sample.ShortName == name ? "" : sample.ShortName, new PoolSample("x" + name, "n", "models", 0, 0).ShortName);
    }
}
