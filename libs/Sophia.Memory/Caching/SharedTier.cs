using Microsoft.Extensions.Logging;
using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Memory.Caching;

/// <summary>
/// The shared cache behind a time box and a breaker. After a failure it is not used until it answers again and a new epoch
/// has been started, because a change may have passed it by meanwhile.
/// </summary>
internal sealed partial class SharedTier : IAsyncDisposable
{
    private readonly ISharedCache? _cache;
    private readonly MemoryOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Pulse _broken = new();
    private readonly Lock _state = new();
    private Task _restoring = Task.CompletedTask;
    private string? _reason;
    private bool _missedChange;
    private int _failedReads;
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SharedTier(ISharedCache? cache, MemoryOptions options, TimeProvider clock, ILogger logger)
    {
        (_cache, _options, _clock, _logger) = (cache, options, clock, logger);
        if (cache is not null)
        {
            // A process that ended while the cache was out of reach may have missed changes and told nobody: a start is an epoch.
            _missedChange = true;
            _reason = "It has not been asked yet.";
            cache.Interrupted += Distrust;
        }
    }

    public bool IsConfigured => _cache is not null;

    /// <summary>Completes when the cache was first asked, whether it answered or not.</summary>
    /// <remarks>Called when the log is followed: of changes from there on the cache is told.</remarks>
    public Task StartAsync()
    {
        if (_cache is null)
        {
            return Task.CompletedTask;
        }

        _restoring = Task.Run(() => RestoreAsync(_cache, _stop.Token));
        return _asked.Task;
    }

    public bool IsUsable => _cache is not null && Volatile.Read(ref _reason) is null;

    /// <summary>Why it is not usable; null when it is.</summary>
    public string? Reason => Volatile.Read(ref _reason);

    public string? Engine => _cache?.Engine;

    /// <inheritdoc cref="ISharedCache.Epoch"/>
    public string? Epoch => _cache?.Epoch;

    public ISharedCache? Cache => _cache;

    /// <summary>The record, or null when it is not there or could not be had.</summary>
    public ValueTask<MemoryRecord?> GetAsync(RecordId id) => ReadAsync(id, static (cache, id) => cache.GetAsync(id, CancellationToken.None).AsTask());

    /// <summary>How many of the records it has; none of those that could not be asked for.</summary>
    public ValueTask<int> CountAsync(IReadOnlyCollection<RecordId> ids) => ReadAsync(ids, static (cache, ids) => cache.CountAsync(ids, CancellationToken.None));

    private async ValueTask<T?> ReadAsync<TAsked, T>(TAsked asked, Func<ISharedCache, TAsked, Task<T>> read)
    {
        if (_cache is null || Volatile.Read(ref _reason) is not null)
        {
            return default;
        }

        try
        {
            var found = await read(_cache, asked).WaitAsync(_options.SharedTimeout, _clock).ConfigureAwait(false);
            _failedReads = 0;
            return found;
        }
        catch (Exception error) when (error is CacheUnavailableException or TimeoutException)
        {
            // One slow read says little; a miss costs only time.
            if (Interlocked.Increment(ref _failedReads) >= 3)
            {
                Break(Explain(error), missedChange: false);
            }

            return default;
        }
    }

    /// <summary>False when it could not be done; then a new epoch is started before the cache is read again.</summary>
    /// <param name="epoch">As it was before the records were read or committed.</param>
    public ValueTask<bool> SetIfNewerAsync(IReadOnlyList<MemoryRecord> records, string? epoch) =>
        records.Count == 0 ? ValueTask.FromResult(true) : ChangeAsync(cache => cache.SetIfNewerAsync(records, epoch, CancellationToken.None));

    /// <summary>False when it could not be done, likewise.</summary>
    public ValueTask<bool> RemoveIfOlderAsync(IReadOnlyList<(RecordId, Sequence)> removals) =>
        removals.Count == 0 ? ValueTask.FromResult(true) : ChangeAsync(cache => cache.RemoveIfOlderAsync(removals, CancellationToken.None));

    /// <summary>Wakes other nodes' cursors; if it fails they wake by themselves, a little later.</summary>
    public async ValueTask AnnounceAsync(IReadOnlyCollection<int> partitions)
    {
        if (_cache is not null && Volatile.Read(ref _reason) is null)
        {
            try
            {
                await _cache.AnnounceAsync(partitions, CancellationToken.None).WaitAsync(_options.SharedTimeout, _clock).ConfigureAwait(false);
            }
            catch (Exception error) when (error is CacheUnavailableException or TimeoutException)
            {
                LogNotAnnounced(error.Message);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _restoring.ConfigureAwait(false);
        _stop.Dispose();
        if (_cache is not null)
        {
            await _cache.DisposeAsync().ConfigureAwait(false);
        }
    }

    // The server that is back may be one that lost the last changes: restarted from a file, or a replica that took over.
    private void Distrust() => Break("The connection was lost; a new epoch is being started.", missedChange: true);

    // Not bound to the caller's cancellation: it is short anyway, and a caller who goes away must not leave a change half known.
    private async ValueTask<bool> ChangeAsync(Func<ISharedCache, Task> change)
    {
        if (_cache is null)
        {
            return false;
        }

        if (Volatile.Read(ref _reason) is not null)
        {
            lock (_state)
            {
                if (_reason is not null)
                {
                    _missedChange = true;
                    return false;
                }
            }
        }

        try
        {
            await change(_cache).WaitAsync(_options.SharedTimeout, _clock).ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (error is CacheUnavailableException or TimeoutException)
        {
            Break(Explain(error), missedChange: true);
            return false;
        }
        catch (Exception error)
        {
            // Not known to the contract, but the change is as lost, and whoever wrote it must have the answer.
            LogUnforeseen(error);
            Break(Explain(error), missedChange: true);
            return false;
        }
    }

    private string Explain(Exception error) =>
        error is TimeoutException ? $"It did not answer within {_options.SharedTimeout.TotalMilliseconds:N0} ms." : error.Message;

    private void Break(string reason, bool missedChange)
    {
        bool isNew;
        lock (_state)
        {
            _missedChange |= missedChange;
            isNew = _reason is null;
            Volatile.Write(ref _reason, _reason ?? reason);
        }

        if (isNew)
        {
            LogBroken(reason);
        }

        _broken.Beat();
    }

    private async Task RestoreAsync(ISharedCache cache, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var broken = _broken.Next;
            if (Volatile.Read(ref _reason) is not null)
            {
                await TryRestoreAsync(cache, cancellationToken).ConfigureAwait(false);
                _asked.TrySetResult();
            }

            // While it is broken it is asked every 200 ms; while it works there is nothing to do until it breaks.
            var wait = Volatile.Read(ref _reason) is null ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(200);
            await Task.WhenAny(broken, Task.Delay(wait, _clock, cancellationToken))
                .ConfigureAwait(false);
        }
    }

    private async Task TryRestoreAsync(ISharedCache cache, CancellationToken cancellationToken)
    {
        bool missed;
        lock (_state)
        {
            (missed, _missedChange) = (_missedChange, false);
        }

        try
        {
            var answer = missed ? cache.StartEpochAsync(cancellationToken) : cache.PingAsync(cancellationToken);
            await answer.WaitAsync(TimeSpan.FromSeconds(1), _clock, cancellationToken).ConfigureAwait(false);
            lock (_state)
            {
                // A change that passed it by meanwhile wants an epoch of its own, before anybody reads.
                if (_missedChange)
                {
                    return;
                }

                _failedReads = 0;
                Volatile.Write(ref _reason, null);
            }

            LogRestored(missed);
        }
        catch (Exception error)
        {
            // Whatever it is, the loop must go on until the service stops: it is the only way back to the cache.
            lock (_state)
            {
                _missedChange = true;
                Volatile.Write(ref _reason, Explain(error));
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The shared cache failed in a way that is not in its contract.")]
    private partial void LogUnforeseen(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The shared cache is left out: {Reason}")]
    private partial void LogBroken(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The shared cache is used again; new epoch: {NewEpoch}.")]
    private partial void LogRestored(bool newEpoch);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Other nodes were not woken: {Reason}")]
    private partial void LogNotAnnounced(string reason);
}
