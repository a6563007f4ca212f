using System.Globalization;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Migrations;

namespace Sophia.Snowflake.Sampling;

/// <summary>
/// Looks at the node's pools and GPUs at intervals, off the hot path, and keeps what it saw for the next flush: of each pool the newest
/// state, of each GPU every reading, the last 10,000. A pool that has not changed and a GPU that did nothing are no reason for a
/// flush, so they resume no warehouse; their readings go with the next one. Without a driver there are no readings, and none are made up.
/// </summary>
public sealed class GpuSampler : IFlushSource, IDisposable
{
    private const int MostReadings = 10_000;

    private static readonly RowMerge Pools = new(
        $"{Migration.Schema}.GPU_MEMORY_POOLS", [new("pool_name")],
        [new("allocated_memory_gb", "?::FLOAT"), new("used_memory_gb", "?::FLOAT"), new("pool_type"), new("last_updated", "?::TIMESTAMP_NTZ"), new("node_id")]);

    private static readonly RowMerge Metrics = new(
        $"{Migration.Schema}.GPU_PERFORMANCE_METRICS", [new("metric_id")],
        [
            new("gpu_id", "?::INTEGER"), new("memory_utilization", "?::FLOAT"), new("compute_utilization", "?::FLOAT"), new("temperature_celsius", "?::FLOAT"),
            new("power_usage_watts", "?::FLOAT"), new("recorded_at", "?::TIMESTAMP_NTZ"), new("node_id"),
        ]);

    private readonly Func<IReadOnlyList<PoolSample>> _pools;
    private readonly Func<IReadOnlyList<GpuSample>> _gpus;
    private readonly string _node;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PoolSample> _written = [];
    private readonly Dictionary<string, (PoolSample Pool, DateTimeOffset At)> _changed = [];
    private readonly Queue<(GpuSample Gpu, DateTimeOffset At)> _readings = new();

    /// <param name="pools">The node's pools now.</param>
    /// <param name="gpus">What the driver says now; empty without one.</param>
    public GpuSampler(Func<IReadOnlyList<PoolSample>> pools, Func<IReadOnlyList<GpuSample>> gpus, string node, TimeSpan interval, TimeProvider clock)
    {
        (_pools, _gpus, _node, _clock) = (pools, gpus, node, clock);
        _timer = clock.CreateTimer(_ => Sample(), null, interval, interval);
    }

    public string Name => "sampler";

    public long Waiting
    {
        get
        {
            lock (_lock)
            {
                return _changed.Count + _readings.Count(static reading => reading.Gpu.ComputeUtilization > 0);
            }
        }
    }

    public async Task<long> FlushAsync(FlushSession session, CancellationToken cancellationToken)
    {
        KeyValuePair<string, (PoolSample Pool, DateTimeOffset At)>[] pools;
        (GpuSample Gpu, DateTimeOffset At)[] readings;
        lock (_lock)
        {
            (pools, readings) = ([.. _changed], [.. _readings]);
        }

        var written = await Pools.WriteAsync(
            session, [.. pools.Select(static p => new object?[] { p.Value.Pool.ShortName, p.Value.Pool.AllocatedBytes / 1e9, p.Value.Pool.UsedBytes / 1e9, p.Value.Pool.Kind, p.Value.At, p.Value.Pool.Node })],
            cancellationToken).ConfigureAwait(false);
        written += await Metrics.WriteAsync(
            session,
            [.. readings.Select(r => new object?[]
            {
                string.Create(CultureInfo.InvariantCulture, $"{_node}/{r.Gpu.Id}/{r.At.ToUnixTimeMilliseconds()}"), r.Gpu.Index, r.Gpu.MemoryUtilization, r.Gpu.ComputeUtilization,
                r.Gpu.TemperatureCelsius, r.Gpu.PowerWatts, r.At, _node,
            })],
            cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            foreach (var (name, sample) in pools)
            {
                _written[name] = sample.Pool;
                if (_changed.TryGetValue(name, out var now) && now.At == sample.At)
                {
                    _changed.Remove(name);
                }
            }

            // Readings that came meanwhile stand behind those that were written.
            for (var i = 0; i < readings.Length && _readings.TryPeek(out var oldest) && oldest == readings[i]; i++)
            {
                _readings.Dequeue();
            }
        }

        return written;
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>One look.</summary>
    internal void Sample()
    {
        var now = _clock.GetUtcNow();
        var (pools, gpus) = (_pools(), _gpus());
        lock (_lock)
        {
            foreach (var pool in pools)
            {
                if (_written.TryGetValue(pool.Name, out var written) && written == pool)
                {
                    _changed.Remove(pool.Name);
                }
                else
                {
                    _changed[pool.Name] = (pool, now);
                }
            }

            foreach (var gpu in gpus)
            {
                if (_readings.Count == MostReadings)
                {
                    _readings.Dequeue();
                }

                _readings.Enqueue((gpu, now));
            }
        }
    }
}
