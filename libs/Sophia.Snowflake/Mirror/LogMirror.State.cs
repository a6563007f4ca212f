using Sophia.Memory.Log;

namespace Sophia.Snowflake.Mirror;

/// <summary>Where the mirror stands, and whose it is.</summary>
public sealed partial class LogMirror
{
    /// <summary>Stops the mirror, or lets it go on, in every process; durable when the task completes.</summary>
    /// <exception cref="Memory.Stores.StoreUnavailableException"/>
    public async Task PauseAsync(bool paused, CancellationToken cancellationToken)
    {
        while (true)
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
            if (_state.Paused == paused || await SaveAsync(_state with { Paused = paused }, cancellationToken).ConfigureAwait(false))
            {
                return;
            }
        }
    }

    /// <summary>Begins at the log's first row again: every row is written once more, which does no harm.</summary>
    /// <exception cref="Memory.Stores.StoreUnavailableException"/>
    public async Task ResetAsync(CancellationToken cancellationToken)
    {
        do
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        while (!await SaveAsync(_state with { Numbers = new long[Sequence.Partitions], Times = new long[Sequence.Partitions] }, cancellationToken).ConfigureAwait(false));
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var read = await _states.ReadAsync(Key, cancellationToken).ConfigureAwait(false);
        var state = MirrorState.Of(read.Value);
        lock (_lock)
        {
            // What this process has mirrored since it wrote its state down need not be done again.
            if (_isRead && read.At == _stateAt)
            {
                return;
            }

            (_state, _stateAt, _isRead) = (state, read.At, true);
        }
    }

    private async Task<bool> LeaseAsync(CancellationToken cancellationToken)
    {
        if (!_memory.IsShared)
        {
            return true;
        }

        var now = _memory.Clock.GetUtcNow();
        if (_state.Owner == _node && _state.LeaseUntil > now + (LeaseTime / 2))
        {
            return true;
        }

        if (_state.Owner is not null && _state.Owner != _node && _state.LeaseUntil > now)
        {
            return false;
        }

        return await SaveAsync(_state with { Owner = _node, LeaseUntil = now + LeaseTime }, cancellationToken).ConfigureAwait(false);
    }

    // Written behind the rows: a process that ends before it does them again.
    private async Task SaveOrLoseAsync(CancellationToken cancellationToken)
    {
        var now = _memory.Clock.GetUtcNow();
        if (!await SaveAsync(_state with { Owner = _node, LeaseUntil = now + LeaseTime, CaughtUpAt = now }, cancellationToken).ConfigureAwait(false))
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> SaveAsync(MirrorState state, CancellationToken cancellationToken)
    {
        if (await _states.WriteAsync(Key, state.ToBytes(), _stateAt, cancellationToken).ConfigureAwait(false) is not { } at)
        {
            return false;
        }

        lock (_lock)
        {
            // The row that says so is itself a row of the log, and not one to be mirrored.
            if (state.Numbers[at.Partition] == at.Number - 1)
            {
                state.Numbers[at.Partition] = at.Number;
            }

            (_state, _stateAt) = (state, at);
        }

        return true;
    }
}
