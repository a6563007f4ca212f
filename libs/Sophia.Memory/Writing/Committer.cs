using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Writing;

/// <summary>
/// Group commit: while one transaction becomes durable, the writes that arrive gather, and the next transaction takes them
/// all. Batches form by themselves under load and cost no waiting without it. A store that can takes the next transaction while
/// it makes one durable, unless other processes write too; what they wrote is shown and answered in the order in which they began. A write is answered only after the
/// transaction that holds it is durable and this process's cursor has passed it.
/// </summary>
internal sealed partial class Committer : IAsyncDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private readonly IRecordStore _store;
    private readonly LogTail _tail;
    private readonly MemoryOptions _options;
    private readonly TierMeter _meter;
    private readonly ILogger _logger;
    private readonly Channel<PendingWrite> _queue = Channel.CreateUnbounded<PendingWrite>(new() { SingleReader = true });
    private readonly SemaphoreSlim _free;
    private readonly Task _committing;
    private int _waiting;

    public Committer(IRecordStore store, LogTail tail, MemoryOptions options, TierMeter meter, ILogger logger)
    {
        (_store, _tail, _options, _meter, _logger) = (store, tail, options, meter, logger);
        _free = new SemaphoreSlim(store.CommitsAtOnce);
        _committing = Task.Run(CommitAllAsync);
    }

    /// <summary>Called with entries that are durable and could not be shown to the tail yet, before they are acknowledged.</summary>
    public event Action<IReadOnlyList<LogEntry>>? Unshown;

    /// <summary>Called with a change that a write was decided on and that could not be read yet, before the write is acknowledged.</summary>
    public event Action<Sequence>? Unread;

    /// <summary>Operations that wait for a commit.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Why the last transaction was not committed; null when it was.</summary>
    public string? LastFailure { get; private set; }

    /// <exception cref="TooManyWritesException">The queue is full.</exception>
    public Task<WriteOutcome> CommitAsync(WriteGroup group)
    {
        var write = new PendingWrite(group);
        // The bound is on operations, not on groups, so the channel itself is unbounded.
        if (Interlocked.Add(ref _waiting, write.Weight) > _options.WriteQueue)
        {
            Interlocked.Add(ref _waiting, -write.Weight);
            throw new TooManyWritesException(RetryAfter);
        }

        if (!_queue.Writer.TryWrite(write))
        {
            Interlocked.Add(ref _waiting, -write.Weight);
            throw new StoreUnavailableException("The service is shutting down and takes no more writes.");
        }

        return write.Task;
    }

    /// <summary>Commits what waits, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _committing.ConfigureAwait(false);
        _free.Dispose();
    }

    private async Task CommitAllAsync()
    {
        var before = Task.CompletedTask;
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            if (_tail.OthersWrite)
            {
                // Commits of two processes take turns, and of two of ours the later may come first: it would be read back
                // from the store as the gap before the other (0.65 reads a record with two processes; one at a time, none).
                await before.ConfigureAwait(false);
            }

            await _free.WaitAsync().ConfigureAwait(false);
            var batch = new List<PendingWrite>();
            var weight = 0;
            while (weight < _options.CommitSize && _queue.Reader.TryRead(out var write))
            {
                batch.Add(write);
                weight += write.Weight;
            }

            before = CommitInTurnAsync(batch, weight, before);
        }

        await before.ConfigureAwait(false);
    }

    /// <param name="before">The commit before this one, which is shown and answered first.</param>
    private async Task CommitInTurnAsync(List<PendingWrite> batch, int weight, Task before)
    {
        try
        {
            using var underWay = _tail.Committing(PartitionsOf(batch));
            await CommitBatchAsync(batch, before).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // The one loop that commits must outlive whatever happens to one batch, and its writers must have an answer.
            LogCommitFailed(error, batch.Count);
            batch.ForEach(write => write.TrySetException(error));
        }

        Interlocked.Add(ref _waiting, -weight);
    }

    private static ulong PartitionsOf(List<PendingWrite> batch)
    {
        var partitions = 0UL;
        foreach (var write in batch)
        {
            foreach (var operation in write.Group.Operations)
            {
                partitions |= 1UL << operation.Namespace.Partition;
            }
        }

        return partitions;
    }

    private async Task CommitBatchAsync(List<PendingWrite> batch, Task before)
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        using var activity = TierMeters.Activities.StartActivity("commit");
        activity?.SetTag("sophia.groups", batch.Count);
        IReadOnlyList<WriteOutcome> outcomes;
        try
        {
            try
            {
                outcomes = await _store.CommitAsync([.. batch.Select(write => write.Group)], CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                _free.Release();
            }
        }
        catch (RefusedException error) when (batch.Count == 1)
        {
            batch[0].TrySetException(error);
            return;
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreFullException || batch.Count == 1)
        {
            _meter.Fail();
            LastFailure = error.Message;
            LogCommitFailed(error, batch.Count);
            // Its answer may be what was lost, not the commit: then the copies here are old, and nobody else would say so.
            _tail.Suspect();
            batch.ForEach(write => write.TrySetException(error));
            return;
        }
        catch (Exception error)
        {
            // Something in one group broke the transaction of all. Halved again and again, it ends alone, and the others are committed with
            // few transactions more: who is refused must not cost those beside him the group.
            if (error is not RefusedException)
            {
                _meter.Fail();
                LogCommitFailed(error, batch.Count);
            }

            foreach (var half in (List<PendingWrite>[])[batch[..(batch.Count / 2)], batch[(batch.Count / 2)..]])
            {
                await _free.WaitAsync().ConfigureAwait(false);
                await CommitBatchAsync(half, before).ConfigureAwait(false);
            }

            return;
        }

        LastFailure = null;
        _meter.Time(System.Diagnostics.Stopwatch.GetTimestamp() - started);
        await before.ConfigureAwait(false);
        await ShowToTailAsync(outcomes).ConfigureAwait(false);
        await ReachAsync(outcomes).ConfigureAwait(false);
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].TrySetResult(outcomes[i]);
        }
    }

    private async Task ShowToTailAsync(IReadOnlyList<WriteOutcome> outcomes)
    {
        var partitions = new Dictionary<int, List<LogEntry>>();
        foreach (var outcome in outcomes)
        {
            foreach (var entry in outcome.Entries)
            {
                if (!partitions.TryGetValue(entry.Sequence.Partition, out var entries))
                {
                    partitions[entry.Sequence.Partition] = entries = [];
                }

                entries.Add(entry);
            }
        }

        foreach (var (partition, entries) in partitions)
        {
            try
            {
                await _tail.CommittedAsync(partition, entries, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                // The commit is durable; only the gap before it could not be read or shown. The tail reads both when it can;
                // until then the writers' own copies must not be older than what is acknowledged.
                LogGapUnread(error, error.Message);
                Unshown?.Invoke(entries);
                _tail.Forsake(partition);
            }
        }
    }

    // What other processes wrote and a write without entries was decided on: its writer knows of it now, and no copy here may be older.
    private async Task ReachAsync(IReadOnlyList<WriteOutcome> outcomes)
    {
        foreach (var last in outcomes.SelectMany(static outcome => outcome.DecidedAt).Distinct())
        {
            try
            {
                await _tail.ReachAsync(last.Partition, last.Number, mine: 1, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                LogGapUnread(error, error.Message);
                Unread?.Invoke(last);
                _tail.Forsake(last.Partition);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A transaction of {Groups} writes was not committed; none of them is acknowledged.")]
    private partial void LogCommitFailed(Exception error, int groups);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Changes of other nodes before a commit of this one could not be read yet: {Reason}")]
    private partial void LogGapUnread(Exception error, string reason);
}
