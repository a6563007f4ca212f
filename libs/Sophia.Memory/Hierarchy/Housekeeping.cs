using Microsoft.Extensions.Logging;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Hierarchy;

/// <summary>
/// What is done in the background, in bounded steps: expired records are cleaned up (readers do not see them from the second
/// on anyway), old history and idempotency marks are trimmed, cold shards are dropped.
/// </summary>
/// <param name="commit">Commits as any other writer, and knows until then which keys are forgotten.</param>
internal sealed partial class Housekeeping(
    IRecordStore store, Func<WriteGroup, Task<WriteOutcome>> commit, ShardDirectory shards, MemoryOptions options, TimeProvider clock, ILogger logger) : IAsyncDisposable
{
    private const int TrimSize = 1_000;

    /// <summary>Sessions whose turns are taken together: the committer makes one transaction of them.</summary>
    private const int SessionsAtOnce = 32;

    /// <summary>After so much of it a sweep leaves the rest to the next, which begins when everything else had its turn.</summary>
    private static readonly TimeSpan SweepTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SessionHistory = TimeSpan.FromDays(1);

    /// <summary>Between two rounds of trimming, in the time that the last one took.</summary>
    private const int TrimPause = 100;
    private readonly ILogger _logger = logger;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Up to when the archive has a namespace's history; null where there is no archive.</summary>
    public Func<NamespaceInfo, DateTimeOffset?>? MirroredUpTo { get; set; }

    /// <summary>Whether nodes are asked, and not the shards here.</summary>
    public Func<bool> SearchesElsewhere { get; init; } = static () => false;

    /// <param name="isReader">The process changes nothing in the store: shards are dropped, and that is all.</param>
    // Not on another thread: the first interval begins when this returns.
    public void Start(bool isReader) => _running = RunAsync(isReader, _stop.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>What has expired by now goes, in transactions of bounded size, for about a second.</summary>
    /// <returns>Whether there may be more.</returns>
    public async Task<bool> SweepAsync(CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            var expired = await store.FindExpiredAsync(clock.GetUtcNow(), options.SweepSize, cancellationToken).ConfigureAwait(false);
            var sessions = expired.ToLookup(static operation => operation.Namespace.Name == NamespaceRules.Sessions);
            foreach (var some in await PartsOfAsync(expired, sessions[false], started, cancellationToken).ConfigureAwait(false))
            {
                await commit(new WriteGroup(some)).WaitAsync(cancellationToken).ConfigureAwait(false);
                if (clock.GetElapsedTime(started) >= SweepTime)
                {
                    return true;
                }
            }

            foreach (var some in sessions[true].Chunk(SessionsAtOnce))
            {
                await EndAsync(some, started, cancellationToken).ConfigureAwait(false);
                if (clock.GetElapsedTime(started) >= SweepTime)
                {
                    return true;
                }
            }

            if (expired.Count < options.SweepSize)
            {
                return false;
            }

            if (clock.GetElapsedTime(started) >= SweepTime)
            {
                return true;
            }
        }
    }

    /// <summary>
    /// The records, divided so that no commit walks through more of their histories than a store has time for. Those of a longer one go
    /// beforehand: one record that was written a million times must not keep all others from going. Those for which no time is left are
    /// found again.
    /// </summary>
    private async Task<IEnumerable<List<WriteOperation>>> PartsOfAsync(
        IReadOnlyList<ExpireOperation> expired, IEnumerable<ExpireOperation> records, long started, CancellationToken cancellationToken)
    {
        var changes = new Dictionary<RecordId, long>(expired.Count);
        var hasShortened = false;
        foreach (var some in expired.GroupBy(static operation => operation.Namespace.Id))
        {
            var ns = some.First().Namespace;
            var stored = await store.CountVersionsAsync(ns, [.. some.Select(static operation => operation.Key)], cancellationToken).ConfigureAwait(false);
            foreach (var operation in some)
            {
                if (stored.TryGetValue(operation.Key, out var versions) && versions.Changes > ErasureParts.MostChanges)
                {
                    // One at least in each sweep, however long it took to count it.
                    if (hasShortened && clock.GetElapsedTime(started) >= SweepTime)
                    {
                        continue;
                    }

                    await store.EraseHistoryAsync(ns, operation.Key, operation.Current, cancellationToken).ConfigureAwait(false);
                    hasShortened = true;
                }

                changes[operation.Id] = versions.Changes;
            }
        }

        return ErasureParts.Of<WriteOperation>(records.Where(record => changes.ContainsKey(record.Id)), operation => changes[((ExpireOperation)operation).Id]);
    }

    /// <summary>One round: every idempotency mark past its time goes, however many there are, in bounded transactions.</summary>
    public async Task TrimMarksAsync(CancellationToken cancellationToken)
    {
        while (await store.TrimMarksAsync(clock.GetUtcNow(), TrimSize, cancellationToken).ConfigureAwait(false) == TrimSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>One round: history past the retention of its namespace goes.</summary>
    public async Task TrimLogsAsync(CancellationToken cancellationToken)
    {
        for (var after = 0L; ;)
        {
            var page = await store.ListNamespacesAsync(after, TrimSize, cancellationToken).ConfigureAwait(false);

            // A shard that is being loaded still needs what came since it began.
            var (loading, lookedAt) = (shards.Loading(), clock.GetTimestamp());
            foreach (var ns in page)
            {
                after = ns.Id;
                if (clock.GetElapsedTime(lookedAt) >= SweepTime)
                {
                    (loading, lookedAt) = (shards.Loading(), clock.GetTimestamp());
                }

                if (RetentionOf(ns) is { } retention && !loading.Contains(ns.Id))
                {
                    var before = clock.GetUtcNow() - retention;
                    if (!ns.Settings.Resident && MirroredUpTo?.Invoke(ns) is { } mirrored && mirrored < before)
                    {
                        // What the archive does not have yet stays, however old.
                        before = mirrored;
                    }

                    for (var trimmed = new TrimmedRows(TrimSize, Sequence.None); trimmed.Count == TrimSize;)
                    {
                        trimmed = await store.TrimLogAsync(ns, before, trimmed.Last, TrimSize, cancellationToken).ConfigureAwait(false);
                        cancellationToken.ThrowIfCancellationRequested();
                    }
                }
            }

            if (page.Count < TrimSize)
            {
                return;
            }
        }
    }

    // What has ended leaves its tombstones, a few for each turn, and nobody can ask for the history of a session.
    private TimeSpan? RetentionOf(NamespaceInfo ns) =>
        ns.Settings.LogRetention ?? (ns.Name == NamespaceRules.Sessions && !(options.LogRetention < SessionHistory) ? SessionHistory : options.LogRetention);

    // The turns of a session have no expiry of their own: they go with the session's record.
    // One with more turns than there is time for goes on with the next sweep: its record goes last.
    private async Task EndAsync(ExpireOperation[] sessions, long started, CancellationToken cancellationToken)
    {
        do
        {
            var turns = await Task.WhenAll(sessions.Select(session => store.ListKeysAsync(
                session.Namespace, session.Key + "/", null, options.SweepSize, cancellationToken))).ConfigureAwait(false);
            var (committing, waiting) = (new List<Task<WriteOutcome>>(sessions.Length), 0);
            for (var i = 0; i < turns.Length; i++)
            {
                var session = sessions[i];
                List<WriteOperation> operations = [.. turns[i].Select(key => new ForgetOperation(
                    session.Namespace, key, RecordId.Of(store.Secret.Span, session.Namespace.Id, key)))];
                if (operations.Count < options.SweepSize)
                {
                    operations.Add(session);
                }

                // All at once would take the queue from those who write.
                waiting += operations.Count;
                if (waiting > options.SweepSize)
                {
                    await Task.WhenAll(committing).WaitAsync(cancellationToken).ConfigureAwait(false);
                    waiting = operations.Count;
                }

                // Only while the session is the one that ended: whoever uses its id again begins with turns that must stay.
                committing.Add(commit(new WriteGroup(operations) { Guard = new GroupGuard(session.Namespace, session.Key, session.Current) }));
            }

            var outcomes = await Task.WhenAll(committing).WaitAsync(cancellationToken).ConfigureAwait(false);
            sessions = [.. sessions.Where((_, i) => turns[i].Count == options.SweepSize && !outcomes[i].GuardFailed)];
        }
        while (sessions.Length > 0 && clock.GetElapsedTime(started) < SweepTime);
    }

    private async Task RunAsync(bool isReader, CancellationToken cancellationToken)
    {
        var (trimmedAt, trimInterval) = (clock.GetTimestamp(), TrimInterval);
        var isMoreExpired = false;
        while (await PauseAsync(isMoreExpired ? TimeSpan.Zero : options.SweepInterval, cancellationToken).ConfigureAwait(false))
        {
            await TryAsync(_ => shards.DropColdAsync(SearchesElsewhere()), cancellationToken).ConfigureAwait(false);
            if (isReader)
            {
                continue;
            }

            isMoreExpired = false;
            await TryAsync(async ct => isMoreExpired = await SweepAsync(ct).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            if (clock.GetElapsedTime(trimmedAt) >= trimInterval)
            {
                trimmedAt = clock.GetTimestamp();
                await TryAsync(TrimMarksAsync, cancellationToken).ConfigureAwait(false);
                await TryAsync(TrimLogsAsync, cancellationToken).ConfigureAwait(false);

                // It looks at all rows that are old enough, also at those that stay: of long logs less often.
                trimInterval = clock.GetElapsedTime(trimmedAt) * TrimPause is var pause && pause > TrimInterval ? pause : TrimInterval;
            }
        }
    }

    private async Task<bool> PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(pause, clock, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Each by itself: a store that takes no writes must not keep shards in memory that are too many.
    private async Task TryAsync(Func<CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        try
        {
            await step(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The next pause ends the rounds.
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreFullException or RefusedException)
        {
            LogPutOff(error.Message);
        }
        catch (Exception error)
        {
            // One round that fails must not be the last one: expired records and old history would pile up unseen.
            LogFailed(error);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A round of the clean-up failed; the next one tries again.")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The clean-up is put off: {Reason}")]
    private partial void LogPutOff(string reason);
}
