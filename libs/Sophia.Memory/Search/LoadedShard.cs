using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Search;

/// <summary>
/// A shard and its cursor: loaded from the store's records, then kept up from the log. One task changes the shard; the
/// cursor moves only after the change is in it.
/// </summary>
internal sealed partial class LoadedShard : IAsyncDisposable
{
    private const int ReadSize = 512;
    private const int ScansAlone = 20_000;

    /// <summary>Of fewer rows a scan costs little beside the rest of a search, and is made at once.</summary>
    private const int ScansTogether = 2_000;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SearchEnds = TimeSpan.FromMilliseconds(2);
    private readonly LogTail _tail;
    private readonly NamespaceCursor _cursor;
    private readonly IRecordStore _store;
    private readonly TimeProvider _clock;
    private readonly VectorCompletion _vectors;
    private readonly LoadTurns _turns;
    private readonly Func<LoadedShard, ValueTask>? _makeRoom;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Ends the searches of a shard that broke. Those of one that goes for another reason end by themselves, and bring it not back.</summary>
    private readonly CancellationTokenSource _cut = new();
    private readonly SearchBatcher<ShardQuery, ShardAnswer> _searches;
    private readonly SearchBatcher<PartCall, PartAnswer> _parts;
    private readonly Pulse _moved = new();
    private readonly Task _running;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastMove;
    private long _usedAt;
    private int _searching;
    private long _readyAt;
    private bool _makesVectors = true;
    private volatile bool _hasBegun;
    private volatile bool _isDistrusted;
    private volatile bool _hasFailed;

    /// <param name="span">Which of the namespace's records it has.</param>
    /// <param name="turns">It is read from the store when it is its turn.</param>
    /// <param name="makeRoom">Asked again and again while it loads; what it throws ends the loading. Null: there is room.</param>
    public LoadedShard(
        NamespaceInfo ns, ShardSpan span, IShard shard, LogTail tail, IRecordStore store, VectorCompletion vectors, TimeProvider clock, LoadTurns turns,
        Func<LoadedShard, ValueTask>? makeRoom = null)
    {
        (Namespace, Span, Shard, _tail, _store, _vectors, _clock, _turns, _makeRoom) = (ns, span, shard, tail, store, vectors, clock, turns, makeRoom);
        _cursor = new NamespaceCursor(tail, ns);

        // A scan of many rows takes all cores by itself, what words take beside it does not; of few rows, searches run beside each other.
        int AtOnce(ShardQuery query) => shard.Count < ScansAlone ? Environment.ProcessorCount : query.Mode == SearchMode.Vector ? 1 : 2;
        bool IsBusy() => shard.Count >= ScansTogether && ThreadPool.PendingWorkItemCount > 0;
        _searches = new SearchBatcher<ShardQuery, ShardAnswer>(
            (queries, left) => Ask(queries, static (one, asked, stop) => one.Search(asked, stop), left), AtOnce, IsBusy);
        _parts = new SearchBatcher<PartCall, PartAnswer>(
            (calls, left) => Ask(calls, static (one, asked, stop) => one.Ask(asked, stop), left), call => AtOnce(call.Query), IsBusy);
        OpenedAt = clock.GetUtcNow();
        Touch();
        _running = Task.Run(() => RunAsync(_stop.Token));
    }

    public NamespaceInfo Namespace { get; }

    public ShardSpan Span { get; }

    public IShard Shard { get; }

    /// <summary>False: vectors of its model are looked up, and none is made where there is none.</summary>
    public bool MakesVectors { get => Volatile.Read(ref _makesVectors); set => Volatile.Write(ref _makesVectors, value); }

    /// <summary>Completes when the shard holds all that the store held when loading ended; fails if loading failed.</summary>
    public Task Ready => _ready.Task;

    /// <summary>False while it waits for its turn to be read from the store: nothing is in it.</summary>
    public bool HasBegun => _hasBegun;

    /// <summary>The number in the namespace's partition up to which all that is the namespace's is in the shard.</summary>
    public long Seen => _cursor.Seen;

    /// <summary>
    /// The number of the last change by which a record may have gone from here to a shard behind this one. It may be above
    /// <see cref="Seen"/>: a batch of changes is searched while it is taken in. What a search did not find for such a change is
    /// counted when this is read after the search.
    /// </summary>
    public long LastMove => Volatile.Read(ref _lastMove);

    /// <summary>Why it was not loaded, where it takes more memory than there may be; null otherwise.</summary>
    public NoRoomException? NoRoom => _ready.Task is { IsFaulted: true, Exception.InnerException: NoRoomException error } ? error : null;

    /// <summary>True when the cursor's task has ended with an error, so that the shard must be loaded anew.</summary>
    public bool IsBroken => _hasFailed || _ready.Task.IsFaulted || _isDistrusted;

    /// <summary>True when nothing moves the cursor any more: the shard broke, or was dropped. Who waits for a change waits for it at another.</summary>
    public bool IsOver => _hasFailed || _stop.IsCancellationRequested;

    /// <summary>When it was asked for; its loading began then, or when it was its turn.</summary>
    public DateTimeOffset OpenedAt { get; }

    /// <summary>Since it was ready; zero before.</summary>
    public TimeSpan Age => Ready.IsCompletedSuccessfully ? _clock.GetElapsedTime(Volatile.Read(ref _readyAt)) : TimeSpan.Zero;

    /// <summary>Why it goes; null where nobody asks for it again, or another has its place.</summary>
    public ShardEviction? Eviction { get; set; }

    public TimeSpan Idle => _clock.GetElapsedTime(Volatile.Read(ref _usedAt));

    /// <summary>When a renewal of it was given up last, by the clock's timestamp; null: none was.</summary>
    public long? RenewedInVainAt { get; set; }

    public bool IsSearching => Volatile.Read(ref _searching) > 0;

    /// <summary>What was found to be damaged; null when nothing was.</summary>
    public string? Damage { get; private set; }

    public void Distrust() => _isDistrusted = true;

    public void Touch() => Volatile.Write(ref _usedAt, _clock.GetTimestamp());

    /// <summary>It was used when the other was: of one that takes another's place nobody has asked for more.</summary>
    public void UsedAs(LoadedShard other) => Volatile.Write(ref _usedAt, Volatile.Read(ref other._usedAt));

    /// <summary>Searches the shard; one that reads vectors goes with others that come while it is busy. Null when it was dropped meanwhile and must be opened again.</summary>
    public ValueTask<ShardAnswer?> SearchAsync(ShardQuery query, CancellationToken cancellationToken)
    {
        // Before it is searched, which may have to wait: it is not cold meanwhile.
        Touch();
        return ReadsVectors(query) ? _searches.SearchAsync(query, cancellationToken)
            : ValueTask.FromResult(Ask(query, static (one, asked, stop) => one.Search(asked, stop), cancellationToken));
    }

    /// <summary>Its part in a search over several shards.</summary>
    /// <inheritdoc cref="SearchAsync"/>
    public ValueTask<PartAnswer?> AskAsync(PartCall call, CancellationToken cancellationToken)
    {
        Touch();
        return call.Kind == PartKind.Candidates && ReadsVectors(call.Query) ? _parts.SearchAsync(call, cancellationToken)
            : ValueTask.FromResult(Ask(call, static (one, asked, stop) => one.Ask(asked, stop), cancellationToken));
    }

    private static bool ReadsVectors(ShardQuery query) => query is { Vector: not null, Mode: not SearchMode.Lexical };

    private TAnswer? Ask<TCall, TAnswer>(TCall call, Func<IShard, TCall, CancellationToken, TAnswer> ask, CancellationToken cancellationToken)
        where TAnswer : class
    {
        using var stop = cancellationToken.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _cut.Token) : null;
        Interlocked.Increment(ref _searching);
        try
        {
            if (_stop.IsCancellationRequested)
            {
                return null;
            }

            Touch();
            return ask(Shard, call, stop?.Token ?? _cut.Token);
        }
        catch (ShardDamagedException damaged)
        {
            Damage = damaged.Message;
            Distrust();
            return null;
        }
        catch (OperationCanceledException) when (_cut.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // Nobody gave the search up: the shard was replaced under it.
            return null;
        }
        finally
        {
            Interlocked.Decrement(ref _searching);
        }
    }

    /// <summary>Waits until the shard has seen the number; false if it does not in time, or is over before.</summary>
    public async ValueTask<bool> ReachAsync(long number, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        expiry.CancelAfter(timeout);
        var expired = Task.Delay(Timeout.InfiniteTimeSpan, expiry.Token);
        while (Seen < number)
        {
            // It has also come further when the log has, and nothing of that is for it.
            var (moved, logMoved) = (_moved.Next, _tail.NextAsync(Namespace.Partition));
            if (Seen >= number)
            {
                break;
            }

            if (IsOver)
            {
                return false;
            }

            await Task.WhenAny(moved, logMoved, expired).ConfigureAwait(false);
            if (expired.IsCompleted)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return Seen >= number;
            }
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (IsBroken)
        {
            await _cut.CancelAsync().ConfigureAwait(false);
        }

        _moved.Beat();
        await _running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        // A search that began before the shard was taken out of the directory still reads its pages.
        while (IsSearching)
        {
            await Task.Delay(SearchEnds).ConfigureAwait(false);
        }

        if (Eviction is { } eviction)
        {
            Shard.Evict(eviction);
        }
        else
        {
            Shard.Dispose();
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var turn = await _turns.TakeAsync(cancellationToken).ConfigureAwait(false);
            _hasBegun = true;
            using var following = await _tail.FollowAsync(_cursor, cancellationToken).ConfigureAwait(false);
            var last = await LoadAsync(turn, cancellationToken).ConfigureAwait(false);
            turn.Dispose();
            await FollowAsync(last, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _ready.TrySetCanceled(cancellationToken);
        }
        catch (Exception error)
        {
            _ready.TrySetException(error);
            _hasFailed = true;
            _moved.Beat();
            throw;
        }
    }
}
