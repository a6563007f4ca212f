using System.Data.Common;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Migrations;

namespace Sophia.Snowflake.Flushing;

/// <summary>
/// The one time at which this process writes to Snowflake: everything that has rows for it shares a flush, so that a warehouse is resumed
/// once and not once for each. Due when rows have waited for the interval, or are many; a service in which nothing happens sends
/// no statement. After a failure it is tried again after 1, 2, 4 … s, at most five minutes.
/// </summary>
public sealed partial class SnowflakeFlush : IAsyncDisposable
{
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private readonly DbDataSource _source;
    private readonly IReadOnlyList<IFlushSource> _sources;
    private readonly SnowflakeOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Meter _meter = new(TierMeters.SourceName);
    private readonly Counter<long> _rows;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _duration;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Queue<(DateTimeOffset At, TimeSpan Took)> _lastDay = new();
    private Task _running = Task.CompletedTask;
    private readonly SemaphoreSlim _preparing = new(1, 1);
    private volatile bool _isPrepared;
    private DateTimeOffset? _waitingSince;
    private DateTimeOffset? _lastFlush;
    private string? _lastError;
    private DateTimeOffset? _retryAt;
    private int _failedInARow;

    public SnowflakeFlush(DbDataSource source, IReadOnlyList<IFlushSource> sources, SnowflakeOptions options, TimeProvider clock, ILogger logger)
    {
        (_source, _sources, _options, _clock, _logger) = (source, sources, options, clock, logger);
        _rows = _meter.CreateCounter<long>("sophia.snowflake.rows", "{row}", "Rows written to Snowflake.");
        _failures = _meter.CreateCounter<long>("sophia.snowflake.failures", "{flush}", "Flushes to Snowflake that failed.");
        _duration = _meter.CreateHistogram<double>("sophia.snowflake.flush.duration", "s", "How long flushes with statements took.");
        _meter.CreateObservableGauge("sophia.snowflake.waiting", () => _sources.Select(static s => new Measurement<long>(s.Waiting, new KeyValuePair<string, object?>("source", s.Name))), "{row}", "Rows that wait for the next flush to Snowflake.");
        _meter.CreateObservableGauge("sophia.snowflake.credits", () => Report().CreditsLastDay, "{credit}", "Warehouse credits that the flushes of the last day cost, estimated.");
    }

    public void Start() => _running = Task.Run(() => RunAsync(_stop.Token));

    public FlushReport Report()
    {
        lock (_lock)
        {
            Forget();
            var hours = _lastDay.Sum(static flush => flush.Took.TotalHours);
            var most = Math.Max(60, _options.WarehouseAutoSuspendSeconds) / 3600.0 * (Day / _options.FlushInterval);
            return new FlushReport(
                _sources.ToDictionary(static s => s.Name, static s => s.Waiting), _lastFlush, _lastError, _retryAt, _lastDay.Count,
                Math.Round(hours * _options.WarehouseCreditsPerHour, 4), Math.Round(Math.Min(24, most) * _options.WarehouseCreditsPerHour, 2));
        }
    }

    /// <summary>Flushes now, due or not, and waits for it.</summary>
    /// <exception cref="DbException">Snowflake refused or cannot be reached.</exception>
    /// <exception cref="TimeoutException"/>
    /// <exception cref="StoreUnavailableException"/>
    public async Task<long> FlushAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await FlushOnceAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Statements that cannot wait for a flush, done while none is under way.</summary>
    /// <param name="timeout">For the turn, and for each statement.</param>
    /// <exception cref="DbException"/>
    /// <exception cref="TimeoutException"/>
    public async Task<T> AloneAsync<T>(TimeSpan timeout, Func<FlushSession, Task<T>> work, CancellationToken cancellationToken)
    {
        if (!await _turn.WaitAsync(timeout, cancellationToken).ConfigureAwait(false))
        {
            throw new TimeoutException($"A flush to Snowflake has been under way for more than {timeout.TotalSeconds:0} s.");
        }

        try
        {
            await using var session = new FlushSession(_source, timeout, PrepareAsync);
            return await work(session).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Statements that may run beside a flush: those that only read.</summary>
    /// <exception cref="DbException"/>
    /// <exception cref="TimeoutException"/>
    public async Task<T> BesideAsync<T>(TimeSpan timeout, Func<FlushSession, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var session = new FlushSession(_source, timeout, PrepareAsync);
        return await work(session).ConfigureAwait(false);
    }

    /// <summary>Stops. What waits is written at the next start: it is in the log.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _meter.Dispose();
        await _source.DisposeAsync().ConfigureAwait(false);
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(_options.CheckInterval, _clock, cancellationToken).ConfigureAwait(false);
                if (IsDue())
                {
                    await FlushAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is DbException or TimeoutException or StoreUnavailableException or StoreFullException or SchemaDriftException)
            {
                LogFailed(error.Message, _retryAt);
            }
            catch (Exception error)
            {
                // A flush that breaks must not be the last one.
                LogBroke(error);
            }
        }
    }

    private bool IsDue()
    {
        var now = _clock.GetUtcNow();
        var waiting = _sources.Sum(static s => s.Waiting);
        lock (_lock)
        {
            _waitingSince = waiting == 0 ? null : _waitingSince ?? now;
            return waiting > 0 && (_retryAt is null || now >= _retryAt)
                && (waiting >= _options.FlushRows || now - _waitingSince >= _options.FlushInterval || _failedInARow > 0);
        }
    }

    private async Task<long> FlushOnceAsync(CancellationToken cancellationToken)
    {
        var started = _clock.GetTimestamp();
        var written = 0L;
        try
        {
            await using var session = new FlushSession(_source, _options.StatementTimeout, PrepareAsync);
            foreach (var source in _sources)
            {
                var rows = await source.FlushAsync(session, cancellationToken).ConfigureAwait(false);
                _rows.Add(rows, new KeyValuePair<string, object?>("source", source.Name));
                written += rows;
            }

            Succeeded(session.Statements > 0 ? _clock.GetElapsedTime(started) : null);
            return written;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Failed(error);
            throw;
        }
    }

    private void Succeeded(TimeSpan? took)
    {
        lock (_lock)
        {
            (_failedInARow, _lastError, _retryAt, _waitingSince) = (0, null, null, null);
            if (took is { } time)
            {
                _lastFlush = _clock.GetUtcNow();
                // A warehouse is billed for a minute at least, and until it is suspended.
                var up = TimeSpan.FromSeconds(Math.Max(60, time.TotalSeconds + _options.WarehouseAutoSuspendSeconds));
                _lastDay.Enqueue((_lastFlush.Value, up < _options.FlushInterval ? up : _options.FlushInterval));
                _duration.Record(time.TotalSeconds);
                Forget();
            }
        }
    }

    private void Failed(Exception error)
    {
        _failures.Add(1);
        lock (_lock)
        {
            var wait = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(_failedInARow++, 12)));
            _lastError = error.Message;
            _retryAt = _clock.GetUtcNow() + (wait < LongestBackOff ? wait : LongestBackOff);
        }
    }

    private void Forget()
    {
        while (_lastDay.TryPeek(out var oldest) && _clock.GetUtcNow() - oldest.At > Day)
        {
            _lastDay.Dequeue();
        }
    }

    // The local engine's schema comes by itself; an account's only by those who may change it.
    private async Task PrepareAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        if (_isPrepared)
        {
            return;
        }

        await _preparing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await PrepareOnceAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _preparing.Release();
        }
    }

    private async Task PrepareOnceAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        if (_isPrepared)
        {
            return;
        }

        var migrator = new Migrator(_source);
        if (_source is LocalSnowflakeDataSource)
        {
            await migrator.ApplyAsync(null, cancellationToken).ConfigureAwait(false);
        }
        else if ((await migrator.StatusAsync(connection, cancellationToken).ConfigureAwait(false)) is { } status && (status.Pending.Count > 0 || status.Drift.Count > 0))
        {
            throw new SchemaDriftException(status.Drift is [var first, ..] ? first : $"{status.Pending.Count} migrations are missing in Snowflake: sophia snowflake apply.");
        }

        _isPrepared = true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nothing could be written to Snowflake; tried again at {RetryAt:u}: {Reason}")]
    private partial void LogFailed(string reason, DateTimeOffset? retryAt);

    [LoggerMessage(Level = LogLevel.Error, Message = "A flush to Snowflake broke.")]
    private partial void LogBroke(Exception error);
}
