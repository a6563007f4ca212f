using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>What goes back: 200 with the rows, or 202, which asks to poll.</summary>
/// <param name="Body">The rows; empty with 202.</param>
public readonly record struct BatchReply(bool IsAnswered, ReadOnlyMemory<byte> Body);

/// <summary>
/// Works on batches and remembers them. A call waits for its rows up to a limit and is then told to poll; the work goes on
/// whether anybody waits or not, so a call that was cut off by a gateway finds its rows when it comes again. What was
/// answered is answered again from the store; what is being worked on is not begun twice.
/// </summary>
public sealed partial class BatchRunner : IAsyncDisposable
{
    private readonly IBatchStore _store;
    private readonly BatchLimits _limits;
    private readonly TimeProvider _clock;
    private static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1);
    private readonly ILogger _logger;
    private readonly string _owner = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<BatchKey, Running> _running = new();

    /// <param name="Hash">Of the rows, as the store compares them.</param>
    private sealed record Running(Task<byte[]> Answer, byte[] Hash);

    private readonly ITimer _trimming;
    private int _disposed;

    /// <exception cref="ArgumentException">A limit cannot be.</exception>
    public BatchRunner(IBatchStore store, BatchLimits limits, TimeProvider clock, ILogger logger)
    {
        if (limits.Validate() is { } wrong)
        {
            throw new ArgumentException(wrong, nameof(limits));
        }

        (_store, _limits, _clock, _logger) = (store, limits, clock, logger);
        _trimming = clock.CreateTimer(_ => Trim(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>From now on batches that were kept for long enough are removed, each minute; the store is prepared.</summary>
    public void KeepTidy() => _trimming.Change(TrimInterval, TrimInterval);

    /// <param name="request">What the rows are made from, as <paramref name="work"/> takes it again on another node.</param>
    /// <param name="rows">For the limit of what is worked on at once.</param>
    /// <param name="work">Makes the body of the answer.</param>
    /// <exception cref="BatchRefusedException">busy (429), batch-id-reused (400), what the work throws.</exception>
    public async Task<BatchReply> AskAsync(
        BatchKey key, ReadOnlyMemory<byte> request, int rows, Func<byte[], CancellationToken, Task<byte[]>> work, CancellationToken cancellationToken)
    {
        if (!_running.TryGetValue(key, out var running))
        {
            using var place = Admit(rows);
            var now = _clock.GetUtcNow();
            var claim = await _store.ClaimAsync(key, request, _owner, now, now + _limits.Lease, now + _limits.KeepAnswers, cancellationToken).ConfigureAwait(false);
            switch (claim.State)
            {
                case BatchState.Claimed:
                    running = Begin(key, claim.Request!, work, place.Handed());
                    break;
                case BatchState.Answered:
                    return new BatchReply(true, claim.Answer);
                case BatchState.Different:
                    throw Reused(key);
                default:
                    return new BatchReply(false, default);
            }
        }
        else if (!running.Hash.AsSpan().SequenceEqual(SHA256.HashData(request.Span)))
        {
            throw Reused(key);
        }

        return await WaitAsync(key, running.Answer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers a poll.</summary>
    /// <param name="rows">How many a request has, for the limit of what is worked on at once, where this node takes the batch over.</param>
    /// <exception cref="BatchRefusedException">batch-not-found (404), busy (429), what the work throws.</exception>
    public async Task<BatchReply> PollAsync(BatchKey key, Func<byte[], int> rows, Func<byte[], CancellationToken, Task<byte[]>> work, CancellationToken cancellationToken)
    {
        if (!_running.TryGetValue(key, out var running))
        {
            var now = _clock.GetUtcNow();
            var claim = await _store.ResumeAsync(key, _owner, now, now + _limits.Lease, cancellationToken).ConfigureAwait(false);
            switch (claim.State)
            {
                case BatchState.Claimed:
                    using (var place = await AdmitOrLeaveAsync(key, rows(claim.Request!), now).ConfigureAwait(false))
                    {
                        running = Begin(key, claim.Request!, work, place.Handed());
                    }

                    break;
                case BatchState.Answered:
                    return new BatchReply(true, claim.Answer);
                case BatchState.Unknown:
                    throw new BatchRefusedException(404, "batch-not-found", $"Nothing is known of the batch {key.BatchId}.", "Run the query again.");
                default:
                    return new BatchReply(false, default);
            }
        }

        return await WaitAsync(key, running.Answer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops what runs, and begins nothing more; other nodes, or a repeat, begin it again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _trimming.DisposeAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await ((Task)Task.WhenAll(_running.Values.Select(static running => running.Answer))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private static BatchRefusedException Reused(BatchKey key) =>
        new(400, "batch-id-reused", $"The batch {key.BatchId} came before with other rows.", "Send each batch under an id of its own.");

    private static BatchRefusedException Stopping() =>
        new(503, "stopping", "This node is stopping.", "Send the batch again; another node takes it.") { RetryAfter = TimeSpan.FromSeconds(1) };

    private async Task<BatchReply> WaitAsync(BatchKey key, Task<byte[]> running, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await running.WaitAsync(_limits.AnswerWithin, _clock, cancellationToken).ConfigureAwait(false);
            _store.Fetched(key);
            return new BatchReply(true, answer);
        }
        catch (TimeoutException) when (!running.IsFaulted)
        {
            return new BatchReply(false, default);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw Stopping();
        }
    }

    private Running Begin(BatchKey key, byte[] request, Func<byte[], CancellationToken, Task<byte[]>> work, Place place)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var task = Task.Run(async () =>
        {
            await begun.Task.ConfigureAwait(false);
            try
            {
                return await WorkAsync(key, request, work).ConfigureAwait(false);
            }
            finally
            {
                _running.TryRemove(key, out _);
                place.Dispose();
            }
        });
        var running = new Running(task, SHA256.HashData(request));
        _running[key] = running;
        begun.SetResult();
        // Somebody may have stopped waiting for it; a failure nobody awaits is still seen here.
        _ = task.ContinueWith(t => Failed(_logger, key.Function, key.BatchId, t.Exception!.InnerException!.Message), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return running;
    }

    private async Task<byte[]> WorkAsync(BatchKey key, byte[] request, Func<byte[], CancellationToken, Task<byte[]>> work)
    {
        using var done = new CancellationTokenSource();
        var renewing = RenewAsync(key, done.Token);
        try
        {
            var answer = await work(request, _stopping.Token).ConfigureAwait(false);
            await _store.AnswerAsync(key, _owner, answer, _clock.GetUtcNow() + _limits.KeepAnswers, CancellationToken.None).ConfigureAwait(false);
            return answer;
        }
        catch
        {
            await _store.ReleaseAsync(key, _owner, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
        finally
        {
            await done.CancelAsync().ConfigureAwait(false);
            await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RenewAsync(BatchKey key, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_limits.Lease / 3, _clock);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await _store.RenewAsync(key, _owner, _clock.GetUtcNow() + _limits.Lease, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                RenewalFailed(_logger, key.BatchId, e.Message);
            }
        }
    }

    private void Trim() => _ = Task.Run(async () =>
    {
        try
        {
            await _store.TrimAsync(_clock.GetUtcNow(), _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            TrimFailed(_logger, e.Message);
        }
    });

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Function}: the batch {BatchId} failed: {Reason}")]
    private static partial void Failed(ILogger logger, string function, string batchId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The lease of batch {BatchId} could not be renewed: {Reason}")]
    private static partial void RenewalFailed(ILogger logger, string batchId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old batches could not be removed: {Reason}")]
    private static partial void TrimFailed(ILogger logger, string reason);
}
