using Microsoft.Extensions.Logging;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Log;

/// <summary>Reading what other nodes wrote.</summary>
internal sealed partial class LogTail
{
    // What is left to a commit of this process to show, and since when; of the one loop alone.
    private readonly (long Number, long Since)[] _leftToOwn = new (long, long)[Sequence.Partitions];

    // What comes with contents is asked for as the last of the partition were; in its order alone.
    private readonly PageRows[] _rows = [.. Enumerable.Range(0, Sequence.Partitions).Select(static _ => new PageRows(ReadSize, RowPage.MostBytes, first: ReadSize))];

    /// <summary>Returns when the cursor has come to the number, which the store is known to have come to.</summary>
    /// <remarks>Where this process has other commits under way than the caller, it is most likely one of its own, and says nothing of others.</remarks>
    /// <param name="mine">Commits of this process that the caller is himself: 1 or 0.</param>
    public ValueTask ReachAsync(int partition, long number, int mine, CancellationToken cancellationToken) => _seen[partition] >= number
        ? ValueTask.CompletedTask : ReadInTurnAsync(partition, number, isOwn: _own.Count(commit => commit.Holds(partition)) > mine, cancellationToken);

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var woken = _wake.Next;
            var suspected = Interlocked.Exchange(ref _suspected, 0) != 0;
            if (!_store.IsShared && !suspected)
            {
                // Nobody else writes to this store, so there is nothing to find until a commit's answer is lost.
                await Task.WhenAny(woken, _stopped).ConfigureAwait(false);
                continue;
            }

            try
            {
                var started = _clock.GetTimestamp();
                await CatchUpAsync(suspected, cancellationToken).ConfigureAwait(false);
                Volatile.Write(ref _heardAt, EarliestLeft(started));
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is StoreUnavailableException or StoreFullException or TimeoutException)
            {
                NotFollowed(suspected);
                LogTailFailed(error.Message);
            }
            catch (Exception error)
            {
                // The cursor is the only way to other nodes' changes: whatever it is, it is said, and tried again.
                NotFollowed(suspected);
                LogTailBroke(error);
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(woken, Task.Delay(_options.TailInterval, _clock, waiting.Token)).ConfigureAwait(false);
            await waiting.CancelAsync().ConfigureAwait(false);
        }
    }

    private void NotFollowed(bool suspected)
    {
        // Pages that were read before the failure do not say that the log is followed.
        Volatile.Write(ref _readAt, Volatile.Read(ref _heardAt));

        // Never to false: who suspects in the meantime is heard too.
        if (suspected)
        {
            Volatile.Write(ref _suspected, 1);
        }
    }

    /// <param name="suspected">A commit of this process may never be shown here: none is waited for.</param>
    private async Task CatchUpAsync(bool suspected, CancellationToken cancellationToken)
    {
        var now = await _store.ReadWatermarksAsync(cancellationToken).ConfigureAwait(false);
        for (var partition = 0; partition < Sequence.Partitions; partition++)
        {
            if (now[partition] <= _seen[partition] || (!suspected && IsLeftToOwn(partition, now[partition])))
            {
                continue;
            }

            await ReadInTurnAsync(partition, now[partition], isOwn: false, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask ReadInTurnAsync(int partition, long last, bool isOwn, CancellationToken cancellationToken)
    {
        await _order[partition].WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await ReadUpToAsync(partition, last, cancellationToken, isOwn).ConfigureAwait(false);
        }
        finally
        {
            _order[partition].Release();
        }
    }

    // However many commits of this process follow each other, some of which may have nothing to show: what is there is left to them once, and
    // for half of what the cursor may be behind.
    private bool IsLeftToOwn(int partition, long last)
    {
        if (!IsOwnCommitExpected(partition))
        {
            return false;
        }

        ref var left = ref _leftToOwn[partition];
        if (left.Number <= _seen[partition])
        {
            left = (last, _clock.GetTimestamp());
            return true;
        }

        return _clock.GetElapsedTime(left.Since) < _options.TailPatience / 2;
    }

    // The log is heard up to when something of it was first left out.
    private long EarliestLeft(long started)
    {
        for (var partition = 0; partition < Sequence.Partitions; partition++)
        {
            if (_leftToOwn[partition] is var left && left.Number > _seen[partition])
            {
                started = Math.Min(started, left.Since);
            }
        }

        return started;
    }

    // Not for longer than half of what the cursor may be behind: a commit that hangs must not hide other nodes' changes,
    // however many others begin and end beside it.
    private bool IsOwnCommitExpected(int partition)
    {
        var isExpected = false;
        foreach (var commit in _own)
        {
            if (commit.Holds(partition))
            {
                if (_clock.GetElapsedTime(commit.Since) >= _options.TailPatience / 2)
                {
                    return false;
                }

                isExpected = true;
            }
        }

        return isExpected;
    }

    private async ValueTask ReadUpToAsync(int partition, long last, CancellationToken cancellationToken, bool isOwn = false)
    {
        var rows = _rows[partition];
        while (_seen[partition] < last)
        {
            var isWanted = IsWanted(partition);
            if (!isWanted && Observed is null)
            {
                _recent.Drop(partition);
                Pass(partition, last, ExpectAll(partition, last));
                break;
            }

            var limit = (int)Math.Min(isWanted ? rows.Next : ReadSize, last - _seen[partition]);
            IReadOnlyList<LogEntry> entries = isWanted
                ? await _store.ReadLogAsync(partition, _seen[partition], limit, null, cancellationToken).ConfigureAwait(false)
                : await _store.ReadLogHeadsAsync(partition, _seen[partition], limit, cancellationToken).ConfigureAwait(false);
            if (isWanted)
            {
                rows.Took(entries);
            }

            if (entries.Count == 0)
            {
                // Rows in between were trimmed; there is nothing left to see before the last.
                Lose(partition);
                Trimmed?.Invoke(Sequence.Of(partition, last));
                Pass(partition, last, ExpectAll(partition, last));
                break;
            }

            if (!isOwn)
            {
                Volatile.Write(ref _foreignAt, _clock.GetTimestamp());
            }

            await TakeAsync(partition, entries, foreign: true, isWanted).ConfigureAwait(false);
            Volatile.Write(ref _readAt, _clock.GetTimestamp());
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The log's changes could not be shown to those who follow them. Near copies are not served until they can.")]
    private partial void LogTailBroke(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log could not be read: {Reason} Near copies are not served until it can.")]
    private partial void LogTailFailed(string reason);
}
