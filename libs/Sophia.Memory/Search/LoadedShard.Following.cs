using Sophia.Memory.Log;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Search;

/// <summary>Keeping a loaded shard up with the log.</summary>
internal sealed partial class LoadedShard
{
    /// <param name="last">With this change it is ready.</param>
    private async Task FollowAsync(long last, CancellationToken cancellationToken)
    {
        var partition = Namespace.Partition;
        var entries = new List<LogEntry>(ReadSize);
        var rows = new PageRows(ReadSize, RowPage.MostBytes);
        while (true)
        {
            // Until it is ready it waits for the log, afterwards for changes of its namespace.
            var next = Ready.IsCompleted ? _cursor.Next : _tail.NextAsync(partition);
            if (Seen >= last && !Ready.IsCompleted)
            {
                // Who waited for it has his time from now on.
                Touch();
                Volatile.Write(ref _readyAt, _clock.GetTimestamp());
                _ready.TrySetResult();
            }

            long seen;
            long reached;
            bool isOvertaken;
            HashSet<int>? lacking;
            try
            {
                if (Span.IsFull(Shard.Count))
                {
                    await CloseAsync(cancellationToken).ConfigureAwait(false);
                }

                if (_cursor.HasAll)
                {
                    await next.WaitAsync(cancellationToken).ConfigureAwait(false);
                    continue;
                }

                seen = _cursor.Taken;
                var wasHeld = _tail.HoldsAfter(partition, seen);
                reached = await _tail.ReadAsync(Namespace, seen, rows, entries, cancellationToken).ConfigureAwait(false);
                isOvertaken = !(wasHeld && _tail.HoldsAfter(partition, seen)) && reached > seen &&
                    await _store.ReadTrimmedAsync(Namespace, cancellationToken).ConfigureAwait(false) > seen;
                if (!Span.MayTake(reached))
                {
                    await Span.ReadAsync(_tail.Seen[partition], cancellationToken).ConfigureAwait(false);
                }

                lacking = await CompleteAsync(entries, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreUnavailableException)
            {
                // The log is away, not lost: reading on from where it stands is cheaper than loading all anew.
                await Task.Delay(RetryAfter, _clock, cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (isOvertaken)
            {
                // What was deleted or forgotten then would stay here for good: whoever waits for it finds it so, and has it loaded anew.
                Distrust();
            }

            if (reached == seen)
            {
                await next.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            for (var i = 0; i < entries.Count; i++)
            {
                Apply(entries[i], lacking?.Contains(i) ?? false);
            }

            // What waits for the next change has none of the last ones in memory.
            entries.Clear();
            _cursor.Advance(reached);
            _moved.Beat();
        }
    }

    private async ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Span.CloseAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StoreFullException)
        {
            // Those who write are told of it. A shard that grows beyond its size is searched all the same; the next change tries again.
        }
    }

    private void Apply(LogEntry entry, bool lacksVector)
    {
        Lack(entry.Id, lacksVector && Span.Holds(entry.Sequence));
        if (entry is { Kind: ChangeKind.Put, Record: { } record } && Span.Holds(entry.Sequence))
        {
            Shard.Put(record);
        }
        else if (entry.Kind != ChangeKind.Put)
        {
            Shard.Remove(entry.Id, entry.Sequence);
        }
        else if (!Span.Holds(entry.Sequence))
        {
            GiveAway(entry);
        }

        // A put without its record was erased since; the tombstone that says so comes later in the log.
    }

    // Said before it is done, or a search might miss the record and not know why; unsaid when the record was not here.
    private void GiveAway(LogEntry entry)
    {
        var (before, records) = (_lastMove, Shard.Count);
        Volatile.Write(ref _lastMove, entry.Sequence.Number);
        Shard.Remove(entry.Id, entry.Sequence);
        if (Shard.Count == records)
        {
            Volatile.Write(ref _lastMove, before);
        }
    }
}
