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
/// 5. What other nodes wrote is read with its contents where someone here wants them, a shard or a change feed; elsewhere the
/// keys are enough to know which copies are old, and where nobody observes, nothing is read.
/// </summary>
internal sealed partial class LogTail : IAsyncDisposable
{
    private const int ReadSize = 1000;
    private static readonly TimeSpan OthersPatience = TimeSpan.FromSeconds(3);
    private readonly IRecordStore _store;
    private readonly MemoryOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly RecentEntries _recent;
    private readonly Watermarks _seen = new();
    private readonly Pulse[] _pulses = [.. Enumerable.Range(0, Sequence.Partitions).Select(_ => new Pulse())];
    private readonly SemaphoreSlim[] _order = [.. Enumerable.Range(0, Sequence.Partitions).Select(_ => new SemaphoreSlim(1))];
    private readonly int[] _readers = new int[Sequence.Partitions];
    private readonly Pulse _wake = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _stopped;
    private Task _following = Task.CompletedTask;
    private readonly long[] _erasures = new long[Sequence.Partitions];
    private readonly Lock _owning = new();
    private volatile OwnCommit[] _own = [];
    private int _suspected;
    private long _heardAt;
    private long _readAt;
    private long _foreignAt;

    /// <summary>Called with entries of one partition, in order, before the cursor moves past them.</summary>
    /// <remarks>The second argument is true for entries that another node wrote.</remarks>
    public event Func<IReadOnlyList<LogEntry>, bool, ValueTask>? Observed;

    /// <summary>Changes were trimmed before this node saw them, up to this one: what is known of its partition may be old.</summary>
    public event Action<Sequence>? Trimmed;

    public LogTail(IRecordStore store, MemoryOptions options, TimeProvider clock, ILogger logger)
    {
        (_store, _options, _clock, _logger) = (store, options, clock, logger);
        _recent = new RecentEntries(options.TailLimitBytes);
        _stopped = Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token);
    }

    /// <summary>The cursor of this process.</summary>
    public Watermarks Seen => _seen;

    public RecentEntries Recent => _recent;

    /// <summary>How long ago the log was last known to be read to its end; zero for a store that is not shared.</summary>
    public TimeSpan Lag => _store.IsShared ? _clock.GetElapsedTime(Volatile.Read(ref _heardAt)) : TimeSpan.Zero;

    /// <summary>How long ago the log was last read, to its end or a page of what is behind; zero for a store that is not shared.</summary>
    public TimeSpan Silence => _store.IsShared ? _clock.GetElapsedTime(Math.Max(Volatile.Read(ref _heardAt), Volatile.Read(ref _readAt))) : TimeSpan.Zero;

    /// <summary>True while other processes write to the log, or have in the last seconds.</summary>
    public bool OthersWrite => Volatile.Read(ref _foreignAt) is var at && at != 0 && _clock.GetElapsedTime(at) < OthersPatience;

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
        _following = Task.Run(() => FollowAsync(_stop.Token), CancellationToken.None);
    }

    /// <summary>
    /// A commit of this process is under way in these partitions (a bit each), until it is disposed of. Meanwhile what
    /// the store says to be new there is most likely that commit, which comes by itself and need not be read back.
    /// </summary>
    public IDisposable Committing(ulong partitions)
    {
        var commit = new OwnCommit(this, partitions, _clock.GetTimestamp());
        lock (_owning)
        {
            _own = [.. _own, commit];
        }

        return commit;
    }

    /// <summary>Grows with each erasure in the partition that this process has seen: what was read before may be what has been erased.</summary>
    public long ErasuresOf(int partition) => Volatile.Read(ref _erasures[partition]);

    /// <summary>A commit of this process may be in the log without having been shown here: the log is asked.</summary>
    public void Suspect()
    {
        Volatile.Write(ref _suspected, 1);
        _wake.Beat();
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

            await TakeAsync(partition, entries, foreign: false, areKept: IsWanted(partition)).ConfigureAwait(false);
        }
        finally
        {
            _order[partition].Release();
        }
    }

    /// <summary>Changes of the partition are acknowledged that could not be read here: what is kept of it may have been erased by them.</summary>
    public void Forsake(int partition)
    {
        Lose(partition);
        Suspect();
    }

    /// <summary>Entries of a namespace after a number, from memory where they are, else from the store.</summary>
    /// <param name="rows">How many: of the partition's in memory, of the namespace's in the store, which is asked for as many as the last ones say.</param>
    /// <param name="into">Cleared and filled, no further than with the entry by which it has the bytes of <paramref name="rows"/>.</param>
    /// <returns>The number up to which <paramref name="into"/> is complete: where to go on.</returns>
    public async ValueTask<long> ReadAsync(
        NamespaceInfo ns, long after, PageRows rows, List<LogEntry> into, CancellationToken cancellationToken)
    {
        into.Clear();
        var seen = _seen[ns.Partition];
        if (after >= seen)
        {
            return after;
        }

        if (_recent.TryRead(ns.Partition, after, rows.Most, rows.Bytes, into))
        {
            var last = into.Count == 0 ? after : into[^1].Sequence.Number;
            into.RemoveAll(entry => entry.NamespaceId != ns.Id);
            return last;
        }

        // What the store has beyond our cursor is not shown yet: the observers have not seen it.
        var limit = rows.Next;
        var entries = await _store.ReadLogAsync(ns.Partition, after, limit, ns.Id, cancellationToken).ConfigureAwait(false);
        rows.Took(entries);
        var left = rows.Bytes;
        foreach (var entry in entries)
        {
            if (entry.Sequence.Number > seen)
            {
                return seen;
            }

            if (left <= 0)
            {
                // The store's page may have many times what this reader keeps while he takes his time.
                return into[^1].Sequence.Number;
            }

            into.Add(entry);
            left -= RowPage.SizeOf(entry);
        }

        return entries.IsLast(limit) ? seen : into[^1].Sequence.Number;
    }

    /// <summary>True while the changes after the number are in memory, so that none of them can have been trimmed unseen.</summary>
    public bool HoldsAfter(int partition, long after) => after >= _seen[partition] || _recent.Holds(partition, after);

    /// <summary>From here on, and until the lease is given back, what is observed of the partition and kept in memory has its contents.</summary>
    /// <remarks>What follows the log through <see cref="ReadAsync"/> sees contents without it too, read from the store.</remarks>
    public async ValueTask<IDisposable> WantContentsAsync(int partition, CancellationToken cancellationToken)
    {
        // In order with the reading: a read without contents that is under way ends before this does.
        await _order[partition].WaitAsync(cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref _readers[partition]);
        _order[partition].Release();
        return new Wanted(this, partition);
    }

    /// <summary>Completes when the cursor of the partition has moved on.</summary>
    public Task NextAsync(int partition) => _pulses[partition].Next;

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

    private async ValueTask TakeAsync(int partition, IReadOnlyList<LogEntry> entries, bool foreign, bool areKept)
    {
        // A commit of our own may have been read back already, wholly or in part, while it filled another's gap.
        var seen = _seen[partition];
        if (entries[^1].Sequence.Number <= seen)
        {
            return;
        }

        if (entries[0].Sequence.Number <= seen)
        {
            entries = [.. entries.SkipWhile(entry => entry.Sequence.Number <= seen)];
        }

        var isWhole = entries[0].Sequence.Number <= seen + 1 && entries[^1].Sequence.Number - entries[0].Sequence.Number < entries.Count;
        if (!isWhole)
        {
            Trimmed?.Invoke(entries[^1].Sequence);
        }

        if (Observed is { } observed)
        {
            await observed(entries, foreign).ConfigureAwait(false);
        }

        if (areKept && isWhole)
        {
            // What memory holds has no holes: who reads it need not ask how far the log is trimmed.
            Keep(partition, entries);
        }
        else
        {
            Lose(partition);
        }

        var last = entries[^1].Sequence.Number;
        Pass(partition, last, isWhole ? Expect(partition, entries) : ExpectAll(partition, last));
    }

    /// <summary>Memory has none of it. What was passed by may have had an erasure: pages that were read before are read again before they are given.</summary>
    private void Lose(int partition)
    {
        _recent.Drop(partition);
        Interlocked.Increment(ref _erasures[partition]);
    }

    private void Keep(int partition, IReadOnlyList<LogEntry> entries)
    {
        Dictionary<Records.RecordId, Sequence>? erasures = null;
        foreach (var entry in entries)
        {
            _recent.Add(entry);
            if (entry.Kind is ChangeKind.Forget or ChangeKind.Expire)
            {
                (erasures ??= [])[entry.Id] = entry.Sequence;
            }
        }

        if (erasures is not null)
        {
            _recent.Erase(erasures, partition);
            Interlocked.Increment(ref _erasures[partition]);
        }
    }

    private bool IsWanted(int partition) => Volatile.Read(ref _readers[partition]) > 0;

    private void Pass(int partition, long number, HashSet<NamespaceCursor>? expecting)
    {
        _seen[partition] = number;
        _pulses[partition].Beat();
        if (expecting is not null)
        {
            foreach (var cursor in expecting)
            {
                cursor.Wake();
            }
        }
    }

    private sealed class OwnCommit(LogTail tail, ulong partitions, long since) : IDisposable
    {
        public long Since => since;

        public bool Holds(int partition) => (partitions >> partition & 1) != 0;

        public void Dispose()
        {
            lock (tail._owning)
            {
                tail._own = [.. tail._own.Where(commit => commit != this)];
            }
        }
    }

    private sealed class Wanted(LogTail tail, int partition) : IDisposable
    {
        private int _isGivenBack;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isGivenBack, 1) == 0)
            {
                Interlocked.Decrement(ref tail._readers[partition]);
            }
        }
    }
}
