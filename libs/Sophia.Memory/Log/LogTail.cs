using Microsoft.Extensions.Logging;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Log;

/// <summary>
/// This process's view of the log, in order and without gaps: its own commits come straight from the committer, those of
/// other nodes are read from the store. Everything that follows the log in this process (near copies, shards, change
/// feeds) follows this.
/// 1. A commit of this process whose number is the next one of its partition is taken at once. 2. One that is further on
/// waits, and the gap before it, which other nodes wrote, is read from the store. 3. A shared store is also asked every
/// interval, or when another node wakes us. 4. Each entry is shown to the observers before the cursor moves past it.
/// </summary>
internal sealed partial class LogTail : IAsyncDisposable
{
    private const int ReadSize = 1000;
    private readonly IRecordStore _store;
    private readonly MemoryOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly RecentEntries _recent;
    private readonly Watermarks _seen = new();
    private readonly Pulse[] _pulses = [.. Enumerable.Range(0, Sequence.Partitions).Select(_ => new Pulse())];
    private readonly SemaphoreSlim[] _order = [.. Enumerable.Range(0, Sequence.Partitions).Select(_ => new SemaphoreSlim(1))];
    private readonly Pulse _wake = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _following = Task.CompletedTask;
    private long _heardAt;

    /// <summary>Called with entries of one partition, in order, before the cursor moves past them.</summary>
    /// <remarks>The second argument is true for entries that another node wrote.</remarks>
    public event Func<IReadOnlyList<LogEntry>, bool, ValueTask>? Observed;

    public LogTail(IRecordStore store, MemoryOptions options, TimeProvider clock, ILogger logger)
    {
        (_store, _options, _clock, _logger) = (store, options, clock, logger);
        _recent = new RecentEntries(options.TailLimitBytes);
    }

    /// <summary>The cursor of this process.</summary>
    public Watermarks Seen => _seen;

    public RecentEntries Recent => _recent;

    /// <summary>How long ago the log was last known to be read to its end; zero for a store that is not shared.</summary>
    public TimeSpan Lag => _store.IsShared ? _clock.GetElapsedTime(Volatile.Read(ref _heardAt)) : TimeSpan.Zero;

    /// <summary>True while near copies may be served.</summary>
    public bool IsFresh => !_store.IsShared || Lag <= _options.TailPatience;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var now = await _store.ReadWatermarksAsync(cancellationToken).ConfigureAwait(false);
        for (var partition = 0; partition < Sequence.Partitions; partition++)
        {
            _seen[partition] = now[partition];
        }

        Volatile.Write(ref _heardAt, _clock.GetTimestamp());
        if (_store.IsShared)
        {
            _following = Task.Run(() => FollowAsync(_stop.Token), CancellationToken.None);
        }
    }

    /// <summary>Another node says that the log has grown.</summary>
    public void Wake() => _wake.Beat();

    /// <summary>
    /// Takes in what this process committed, in commit order per partition. Returns when the cursor has passed it.
    /// </summary>
    public async ValueTask CommittedAsync(int partition, IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        await _order[partition].WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (entries[0].Sequence.Number > _seen[partition] + 1)
            {
                await ReadUpToAsync(partition, entries[0].Sequence.Number - 1, cancellationToken).ConfigureAwait(false);
            }

            await TakeAsync(partition, entries, foreign: false).ConfigureAwait(false);
        }
        finally
        {
            _order[partition].Release();
        }
    }

    /// <summary>Entries of a namespace after a number, from memory where they are, else from the store.</summary>
    /// <param name="into">Cleared and filled.</param>
    /// <returns>The number up to which <paramref name="into"/> is complete: where to go on.</returns>
    public async ValueTask<long> ReadAsync(
        NamespaceInfo ns, long after, int limit, List<LogEntry> into, CancellationToken cancellationToken)
    {
        into.Clear();
        var seen = _seen[ns.Partition];
        if (after >= seen)
        {
            return after;
        }

        if (_recent.TryRead(ns.Partition, after, limit, into))
        {
            var last = into.Count == 0 ? after : into[^1].Sequence.Number;
            into.RemoveAll(entry => entry.NamespaceId != ns.Id);
            return last;
        }

        // What the store has beyond our cursor is not shown yet: the observers have not seen it.
        var entries = await _store.ReadLogAsync(ns.Partition, after, limit, ns.Id, cancellationToken).ConfigureAwait(false);
        into.AddRange(entries.TakeWhile(entry => entry.Sequence.Number <= seen));
        return into.Count < limit ? seen : into[^1].Sequence.Number;
    }

    /// <summary>Completes when the cursor of the partition has moved on.</summary>
    public Task NextAsync(int partition) => _pulses[partition].Next;

    /// <summary>Waits until the cursor covers the sequence; false if it does not in time.</summary>
    public async ValueTask<bool> ReachAsync(Sequence sequence, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (_seen.Covers(sequence))
        {
            return true;
        }

        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        expiry.CancelAfter(timeout);
        Wake();
        while (true)
        {
            var next = NextAsync(sequence.Partition);
            if (_seen.Covers(sequence))
            {
                return true;
            }

            try
            {
                await next.WaitAsync(expiry.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return _seen.Covers(sequence);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        _stop.Dispose();
        foreach (var order in _order)
        {
            order.Dispose();
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var woken = _wake.Next;
            try
            {
                var started = _clock.GetTimestamp();
                await CatchUpAsync(cancellationToken).ConfigureAwait(false);
                Volatile.Write(ref _heardAt, started);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is StoreUnavailableException or StoreFullException or TimeoutException)
            {
                LogTailFailed(error.Message);
            }

            await Task.WhenAny(woken, Task.Delay(_options.TailInterval, _clock, cancellationToken)).ConfigureAwait(false);
        }
    }

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        var now = await _store.ReadWatermarksAsync(cancellationToken).ConfigureAwait(false);
        for (var partition = 0; partition < Sequence.Partitions; partition++)
        {
            if (now[partition] <= _seen[partition])
            {
                continue;
            }

            await _order[partition].WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await ReadUpToAsync(partition, now[partition], cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _order[partition].Release();
            }
        }
    }

    private async ValueTask ReadUpToAsync(int partition, long last, CancellationToken cancellationToken)
    {
        while (_seen[partition] < last)
        {
            var limit = (int)Math.Min(ReadSize, last - _seen[partition]);
            var entries = await _store.ReadLogAsync(partition, _seen[partition], limit, null, cancellationToken).ConfigureAwait(false);
            if (entries.Count == 0)
            {
                // Rows in between were trimmed; there is nothing left to see before the last.
                _seen[partition] = last;
                break;
            }

            await TakeAsync(partition, entries, foreign: true).ConfigureAwait(false);
        }
    }

    private async ValueTask TakeAsync(int partition, IReadOnlyList<LogEntry> entries, bool foreign)
    {
        // A commit of our own may have been read back already while it filled another's gap.
        if (entries[^1].Sequence.Number <= _seen[partition])
        {
            return;
        }

        if (Observed is { } observed)
        {
            await observed(entries, foreign).ConfigureAwait(false);
        }

        foreach (var entry in entries)
        {
            if (entry.Sequence.Number > _seen[partition])
            {
                _recent.Add(entry);
            }
        }

        _seen[partition] = entries[^1].Sequence.Number;
        _pulses[partition].Beat();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log could not be read: {Reason} Near copies are not served until it can.")]
    private partial void LogTailFailed(string reason);
}
