using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Cortex;

/// <summary>
/// Counts every call of a model, made and avoided, with tokens, cost and latency, by tenant, day, model, operation and outcome.
/// Counting is a look-up and seven atomic additions: it allocates nothing once the day's first call was counted. Sums go to the
/// store at intervals and at the end, those of paid calls at once; a process that is killed loses the avoided calls of one interval.
/// </summary>
public sealed partial class ModelLedger : IAsyncDisposable
{
    private readonly ConcurrentDictionary<CellKey, Cell> _cells = new();
    private readonly SemaphoreSlim _flushing = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly ILedgerStore _store;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _interval;
    private readonly ILogger _logger;
    private readonly TierMeter? _tier;

    // What left the cells; with what is in them it is all that was counted. Its lock holds whenever something is on the way.
    private readonly Dictionary<LedgerSeries, LedgerSum> _left = [];
    private readonly LedgerMeters _meters;
    private readonly Guid _writer = Guid.NewGuid();
    private List<LedgerRow>? _unanswered;
    private long _number;
    private Task _writing = Task.CompletedTask;

    /// <param name="tier">Counts the same calls as hits and misses of L2.</param>
    public ModelLedger(ILedgerStore store, TimeSpan interval, TimeProvider clock, ILogger logger, TierMeter? tier = null)
    {
        (_store, _interval, _clock, _logger, _tier) = (store, interval, clock, logger, tier);
        _meters = new LedgerMeters(Sums);
    }

    private readonly record struct CellKey(string Tenant, string Model, string Operation, CallOutcome Outcome, int Day);

    private sealed class Cell
    {
        public long Calls;
        public long InputTokens;
        public long OutputTokens;
        public long NanoDollars;
        public long NanoCredits;
        public long LatencyUs;
    }

    /// <summary>These rows were added to the sums in the store.</summary>
    public event Action<IReadOnlyList<LedgerRow>>? Written;

    /// <summary>Days since 1970-01-01, UTC.</summary>
    public int Today => DayOf(_clock.GetUtcNow());

    public static int DayOf(DateTimeOffset time) => (int)(time.ToUnixTimeSeconds() / 86_400);

    public void Start() => _writing = WriteAtIntervalsAsync();

    /// <summary>Counts one call.</summary>
    /// <param name="cost">What it cost, or what was saved.</param>
    public void Count(string tenant, string model, string operation, CallOutcome outcome, long inputTokens, long outputTokens, Cost cost, TimeSpan latency)
    {
        var key = new CellKey(tenant, model, operation, outcome, Today);
        if (!_cells.TryGetValue(key, out var cell))
        {
            cell = _cells.GetOrAdd(key, static _ => new Cell());
        }

        Interlocked.Increment(ref cell.Calls);
        Interlocked.Add(ref cell.InputTokens, inputTokens);
        Interlocked.Add(ref cell.OutputTokens, outputTokens);
        Interlocked.Add(ref cell.NanoDollars, cost.NanoDollars);
        Interlocked.Add(ref cell.NanoCredits, cost.NanoCredits);
        Interlocked.Add(ref cell.LatencyUs, (long)latency.TotalMicroseconds);
        CountInTier(outcome, latency);
    }

    // The time of a call is the model's, and who joins one waits for the model: neither is the tier's.
    private void CountInTier(CallOutcome outcome, TimeSpan latency)
    {
        switch (outcome)
        {
            case CallOutcome.Hit or CallOutcome.NearHit:
                _tier?.Hit((long)(latency.Ticks * ((double)Stopwatch.Frequency / TimeSpan.TicksPerSecond)));
                break;
            case CallOutcome.Joined:
                _tier?.Hit();
                break;
            case CallOutcome.Called:
                _tier?.Miss();
                break;
            default:
                _tier?.Fail();
                break;
        }
    }

    /// <summary>The tenant's rows, with everything that this process has counted.</summary>
    /// <exception cref="StoreUnavailableException"/>
    public async Task<IReadOnlyList<LedgerRow>> ReadAsync(string tenant, int firstDay, int lastDay, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        return await _store.ReadLedgerAsync(tenant, firstDay, lastDay, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes down what was counted since the last time; what the store does not answer for is sent again, and added once.</summary>
    /// <exception cref="StoreUnavailableException"/>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _flushing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_unanswered is { } before)
            {
                await WriteAsync(before).ConfigureAwait(false);
            }

            if (Collect() is { Count: > 0 } rows)
            {
                await WriteAsync(rows).ConfigureAwait(false);
            }
        }
        finally
        {
            _flushing.Release();
        }
    }

    private async Task WriteAsync(List<LedgerRow> rows)
    {
        // The store may have added them before its answer was lost: they stay as they are until it answers, and nothing joins them.
        _unanswered = rows;
        await _store.AddLedgerAsync(_writer, _number, rows, CancellationToken.None).ConfigureAwait(false);
        (_unanswered, _number) = (null, _number + 1);
        Written?.Invoke(rows);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _writing.ConfigureAwait(false);
        try
        {
            await FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreFullException)
        {
            LogLost(error.Message);
        }

        _meters.Dispose();
        _stop.Dispose();
        _flushing.Dispose();
    }

    /// <summary>Everything that this process has counted; no sum ever falls.</summary>
    private Dictionary<LedgerSeries, LedgerSum> Sums()
    {
        lock (_left)
        {
            var sums = new Dictionary<LedgerSeries, LedgerSum>(_left);
            foreach (var (key, cell) in _cells)
            {
                var series = new LedgerSeries(key.Model, key.Operation, key.Outcome);
                sums[series] = sums.GetValueOrDefault(series) + new LedgerSum(
                    Interlocked.Read(ref cell.Calls), Interlocked.Read(ref cell.InputTokens), Interlocked.Read(ref cell.OutputTokens),
                    Interlocked.Read(ref cell.NanoDollars), Interlocked.Read(ref cell.NanoCredits));
            }

            return sums;
        }
    }

    private async Task WriteAtIntervalsAsync()
    {
        using var timer = new PeriodicTimer(_interval, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                try
                {
                    await FlushAsync(_stop.Token).ConfigureAwait(false);
                }
                catch (Exception error) when (error is StoreUnavailableException or StoreFullException)
                {
                    LogDelayed(error.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end: what is left is written by whoever asked for it.
        }
    }

    private List<LedgerRow> Collect()
    {
        var rows = new List<LedgerRow>();
        var today = Today;
        lock (_left)
        {
            foreach (var (key, cell) in _cells)
            {
                var calls = Interlocked.Exchange(ref cell.Calls, 0);
                var row = new LedgerRow(
                    key.Tenant, key.Day, key.Model, key.Operation, (byte)key.Outcome, calls, Interlocked.Exchange(ref cell.InputTokens, 0),
                    Interlocked.Exchange(ref cell.OutputTokens, 0), Interlocked.Exchange(ref cell.NanoDollars, 0),
                    Interlocked.Exchange(ref cell.NanoCredits, 0), Interlocked.Exchange(ref cell.LatencyUs, 0));
                // A call that is being counted may have any of them alone.
                if ((calls | row.InputTokens | row.OutputTokens | row.NanoDollars | row.NanoCredits | row.LatencyUs) != 0)
                {
                    rows.Add(row);
                    var (series, sum) = SumOf(row);
                    _left[series] = _left.GetValueOrDefault(series) + sum;
                }
                else if (key.Day < today - 1)
                {
                    // A day later nobody counts in it any more.
                    _cells.TryRemove(key, out _);
                }
            }
        }

        return rows;
    }

    private static (LedgerSeries Series, LedgerSum Sum) SumOf(LedgerRow row) => (
        new LedgerSeries(row.Model, row.Operation, (CallOutcome)row.Outcome),
        new LedgerSum(row.Calls, row.InputTokens, row.OutputTokens, row.NanoDollars, row.NanoCredits));

    [LoggerMessage(Level = LogLevel.Warning, Message = "The ledger of model calls is written later: {Reason}")]
    private partial void LogDelayed(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The last counts of the ledger of model calls are lost: {Reason}")]
    private partial void LogLost(string reason);
}
