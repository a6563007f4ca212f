namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>How much is read and worked on at once.</summary>
public sealed partial class BatchRunner
{
    private readonly Lock _admission = new();
    private int _rows;
    private int _batches;
    private int _reading;

    /// <summary>Rows that are being worked on.</summary>
    public int RowsInWork => Volatile.Read(ref _rows);

    /// <summary>Room for a body that is read and taken apart; given back when disposed.</summary>
    /// <exception cref="BatchRefusedException">busy (429): as many are being read as may be worked on.</exception>
    public IDisposable Read()
    {
        lock (_admission)
        {
            if (_reading >= _limits.MaxBatchesAtOnce)
            {
                throw new BatchRefusedException(429, "busy", $"This node reads {_reading} batches.", "Come again more slowly.") { RetryAfter = TimeSpan.FromSeconds(1) };
            }

            _reading++;
            return new Reading(this);
        }
    }

    private Place Admit(int rows)
    {
        if (_stopping.IsCancellationRequested)
        {
            throw Stopping();
        }

        lock (_admission)
        {
            if (_batches >= _limits.MaxBatchesAtOnce || _rows + rows > _limits.MaxRowsAtOnce)
            {
                throw new BatchRefusedException(429, "busy", $"This node works on {_batches} batches with {_rows} rows.", "Come again more slowly.") { RetryAfter = TimeSpan.FromSeconds(1) };
            }

            _batches++;
            _rows += rows;
            return new Place(this, rows);
        }
    }

    // Where a batch that was taken over does not fit, another node may take it at once.
    private async Task<Place> AdmitOrLeaveAsync(BatchKey key, int rows, DateTimeOffset now)
    {
        try
        {
            return Admit(rows);
        }
        catch (BatchRefusedException)
        {
            await _store.RenewAsync(key, _owner, now, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private sealed class Reading(BatchRunner runner) : IDisposable
    {
        private BatchRunner? _runner = runner;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _runner, null) is { } held)
            {
                lock (held._admission)
                {
                    held._reading--;
                }
            }
        }
    }

    /// <summary>A batch's share of what is worked on at once; given back by whoever holds it last.</summary>
    private sealed class Place(BatchRunner runner, int rows) : IDisposable
    {
        private BatchRunner? _runner = runner;

        /// <summary>The same share for another holder; disposing this one gives nothing back then.</summary>
        public Place Handed() => new(Interlocked.Exchange(ref _runner, null) ?? throw new ObjectDisposedException(nameof(Place)), rows);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _runner, null) is { } held)
            {
                lock (held._admission)
                {
                    held._batches--;
                    held._rows -= rows;
                }
            }
        }
    }
}
