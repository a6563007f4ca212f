using System.Threading.Channels;
using Sophia.Memory.Models;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Search;

/// <summary>
/// Loading of a shard from the store's records, in three steps that run beside each other: the store reads rows, the shard
/// reads what it needs in them (their words, mostly), the shard takes them in. Batches go from one to the next, since
/// handing over single records costs as much as reading them.
/// </summary>
internal sealed partial class LoadedShard
{
    private const int BatchesAhead = 4;
    private const long BatchBytes = 4 << 20;

    /// <summary>A row of the log costs about half of a record that is looked up by its key.</summary>
    private const int LogRowsPerRecord = 2;

    /// <returns>The change up to which the log must be followed before nothing is missing.</returns>
    private async Task<long> LoadAsync(IDisposable turn, CancellationToken cancellationToken)
    {
        var start = _tail.Seen[Namespace.Partition];
        await Span.ReadAsync(start, cancellationToken).ConfigureAwait(false);
        var rows = Between<List<MemoryRecord>>();
        var prepared = Between<Prepared>();
        var reading = EndAsync(rows.Writer, () => ReadAllAsync(start, rows.Writer, cancellationToken));
        var preparing = EndAsync(prepared.Writer, () => PrepareAllAsync(rows.Reader, prepared.Writer, cancellationToken));
        await foreach (var batch in prepared.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_makeRoom is not null)
            {
                await _makeRoom(this).ConfigureAwait(false);
            }

            foreach (var record in batch.Records)
            {
                Shard.Put(record);
            }

            await PutOthersAsync(batch.Others, turn, cancellationToken).ConfigureAwait(false);
        }

        await reading.ConfigureAwait(false);
        await preparing.ConfigureAwait(false);

        // A record that got a new version while rows were read was passed by with it, and comes with the log, here or in a shard behind this one.
        var last = Span.IsWhole ? start : (await _store.ReadWatermarksAsync(cancellationToken).ConfigureAwait(false))[Namespace.Partition];
        if (_tail.Seen[Namespace.Partition] < last)
        {
            _tail.Wake();
        }

        Volatile.Write(ref _lastMove, last);
        _cursor.Advance(start);

        // Who waits for a change that came before the loading waits for nothing that the log would bring.
        _moved.Beat();
        return last;
    }

    private async Task ReadAllAsync(long start, ChannelWriter<List<MemoryRecord>> rows, CancellationToken cancellationToken)
    {
        var (batch, size) = (new List<MemoryRecord>(ReadSize), 0L);
        await foreach (var record in (await IsShorterByKeyAsync(start, cancellationToken).ConfigureAwait(false) ? _store.ScanAsync(Namespace, cancellationToken)
            : _store.ScanAsync(Namespace, Span.First, Span.End, cancellationToken)).ConfigureAwait(false))
        {
            // What came since may belong to a shard that was opened since; the log brings it, after another look at the map.
            if (!Span.IsWhole && (record.Sequence.Number > start || !Span.Holds(record.Sequence)))
            {
                continue;
            }

            batch.Add(record);
            size += RowPage.SizeOf(record);
            if (batch.Count == ReadSize || size >= BatchBytes)
            {
                await rows.WriteAsync(batch, cancellationToken).ConfigureAwait(false);
                (batch, size) = (new List<MemoryRecord>(ReadSize), 0L);
            }
        }

        await rows.WriteAsync(batch, cancellationToken).ConfigureAwait(false);
    }

    // A span of the log has every version that was written in it, and those of other namespaces of the partition: where few records are written
    // again and again, it is far longer than all that there is.
    private async ValueTask<bool> IsShorterByKeyAsync(long start, CancellationToken cancellationToken)
    {
        if (Span.Number == 0 && !Span.HasNext)
        {
            return true;
        }

        var end = Math.Min(Span.End?.Number ?? long.MaxValue, start);
        return end - Span.First.Number > LogRowsPerRecord * await _store.CountAsync(Namespace.Id, _clock.GetUtcNow(), cancellationToken).ConfigureAwait(false);
    }

    private async Task PrepareAllAsync(ChannelReader<List<MemoryRecord>> rows, ChannelWriter<Prepared> prepared, CancellationToken cancellationToken)
    {
        await foreach (var batch in rows.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            var records = new List<PreparedRecord>(batch.Count);
            var others = new List<MemoryRecord>();
            foreach (var record in batch)
            {
                if (VectorCompletion.IsRight(Namespace.Settings, record))
                {
                    records.Add(Shard.Prepare(record));
                }
                else
                {
                    others.Add(record);
                }
            }

            await prepared.WriteAsync(new Prepared(records, others), cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask PutOthersAsync(List<MemoryRecord> others, IDisposable turn, CancellationToken cancellationToken)
    {
        if (others.Count == 0)
        {
            return;
        }

        var records = others.ToArray();
        var lacking = await _vectors.CompleteAsync(Namespace, records, MakesVectors, turn, cancellationToken).ConfigureAwait(false);
        foreach (var record in records)
        {
            Shard.Put(record);
        }

        foreach (var place in lacking)
        {
            Lack(records[place].Id, lacks: true);
        }
    }

    private static Channel<T> Between<T>() =>
        Channel.CreateBounded<T>(new BoundedChannelOptions(BatchesAhead) { SingleReader = true, SingleWriter = true });

    /// <summary>Runs a step and ends what it writes to; its failure reaches the next step through there.</summary>
    private static Task EndAsync<T>(ChannelWriter<T> into, Func<Task> step) => Task.Run(async () =>
    {
        Exception? failure = null;
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            failure = error;
        }

        into.TryComplete(failure);
    });

    /// <param name="Records">Ready to be taken in.</param>
    /// <param name="Others">Without the vector of the shard's model yet.</param>
    private sealed record Prepared(List<PreparedRecord> Records, List<MemoryRecord> Others);
}
