using System.Diagnostics.CodeAnalysis;

namespace Sophia.Memory.Search.Cluster;

/// <summary>What holds for batches of whatever is asked.</summary>
internal static class SearchBatch
{
    /// <summary>Queries of one batch at most: what the scan of many queries is made for.</summary>
    public const int Most = 64;
}

/// <summary>
/// Searches of a shard that come while others run are made together: the shard reads its vectors once for all of them. One that
/// is made alone ends when its caller leaves; one whose caller has left while it waited is not made. One that comes while
/// nothing else is to be done is made at once, by its caller.
/// Where many shards are asked at once by more callers than there are threads, a shard would be idle each time that a search comes, and
/// the next one for it still be in the pool's queue: so what finds others in that queue goes behind them, and is made with those that have come by then.
/// </summary>
/// <param name="search">Makes several; null when the shard is gone. The token is that of the caller of one that is made alone.</param>
/// <param name="atOnce">How many may run beside each other before this one waits for company.</param>
/// <param name="isBusy">True while others may be on their way to the shard, since the pool has work that waits; null: one that may run is always made by its caller.</param>
internal sealed class SearchBatcher<TQuery, TAnswer>(
    Func<IReadOnlyList<TQuery>, CancellationToken, IReadOnlyList<TAnswer>?> search, Func<TQuery, int> atOnce, Func<bool>? isBusy = null)
    where TAnswer : class
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private int _running;

    /// <summary>Has it done behind what the pool has to do.</summary>
    internal Action<Action> Later { get; init; } =
        static run => ThreadPool.UnsafeQueueUserWorkItem(static run => run(), run, preferLocal: false);

    /// <returns>Null when the shard was dropped meanwhile.</returns>
    public async ValueTask<TAnswer?> SearchAsync(TQuery query, CancellationToken cancellationToken)
    {
        var own = new Waiting(query, cancellationToken);
        var runs = false;
        lock (_lock)
        {
            _waiting.Enqueue(own);
            if (_running < atOnce(query))
            {
                _running++;
                runs = true;
            }
        }

        if (runs && isBusy?.Invoke() == true)
        {
            Later(RunWaiting);
        }
        else if (runs)
        {
            RunBatch();
        }

        return await own.Answer.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    // Others may have come before it, with which fewer run: one of those who run beside this one makes them.
    private void RunWaiting()
    {
        lock (_lock)
        {
            if (IsOneTooMany)
            {
                _running--;
                return;
            }
        }

        RunBatch();
    }

    private bool IsOneTooMany => !_waiting.TryPeek(out var next) || _running > atOnce(next.Query);

    // What has gathered meanwhile is nobody's who waits here: it gets a thread of its own.
    private void RunBatch()
    {
        List<Waiting>? batch;
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                _running--;
                return;
            }

            batch = new List<Waiting>(Math.Min(_waiting.Count, SearchBatch.Most));
            while (batch.Count < SearchBatch.Most && _waiting.TryDequeue(out var one))
            {
                if (!one.Left.IsCancellationRequested)
                {
                    batch.Add(one);
                }
            }
        }

        Answer(batch);
        lock (_lock)
        {
            if (IsOneTooMany)
            {
                _running--;
                return;
            }
        }

        Later(RunWaiting);
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Each is handed to the one who waits for it.")]
    private void Answer(List<Waiting> batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            var answers = search(batch.ConvertAll(static one => one.Query), batch.Count == 1 ? batch[0].Left : CancellationToken.None);
            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].Set(answers?[i]);
            }
        }
        catch (Exception error) when (batch.Count == 1)
        {
            batch[0].Fail(error);
        }
        catch (Exception)
        {
            // One of them cannot be answered; the others must not go with it.
            batch.ForEach(one => Answer([one]));
        }
    }

    private sealed class Waiting(TQuery query, CancellationToken left)
    {
        private readonly TaskCompletionSource<TAnswer?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TQuery Query => query;

        /// <summary>Cancelled when nobody waits for it any more.</summary>
        public CancellationToken Left => left;

        public Task<TAnswer?> Answer => _answer.Task;

        public void Set(TAnswer? answer) => _answer.TrySetResult(answer);

        public void Fail(Exception error)
        {
            _answer.TrySetException(error);
            // Seen here: who has left looks at it no more, and who waits is told all the same.
            _ = _answer.Task.Exception;
        }
    }
}
