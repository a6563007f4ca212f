namespace Sophia.Memory.Log;

/// <summary>Those who follow one namespace each: of a partition that many share, a change wakes the followers of its namespace alone.</summary>
internal sealed partial class LogTail
{
    private readonly Dictionary<long, NamespaceCursor[]>[] _cursors = [.. Enumerable.Range(0, Sequence.Partitions).Select(static _ => new Dictionary<long, NamespaceCursor[]>())];

    /// <summary>The cursor is kept up from here on, until the lease is given back, and what is kept in memory has its contents (<see cref="WantContentsAsync"/>).</summary>
    public async ValueTask<IDisposable> FollowAsync(NamespaceCursor cursor, CancellationToken cancellationToken)
    {
        var partition = cursor.Namespace.Partition;
        await _order[partition].WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Interlocked.Increment(ref _readers[partition]);
            lock (_cursors[partition])
            {
                cursor.Begin();
                _cursors[partition][cursor.Namespace.Id] = [.. _cursors[partition].GetValueOrDefault(cursor.Namespace.Id, []), cursor];
            }
        }
        finally
        {
            _order[partition].Release();
        }

        return new Followed(new Wanted(this, partition), this, cursor);
    }

    /// <summary>Says to followers what the tail is about to move over.</summary>
    /// <returns>Those who are to be woken afterwards; null for none.</returns>
    private HashSet<NamespaceCursor>? Expect(int partition, IReadOnlyList<LogEntry> entries)
    {
        HashSet<NamespaceCursor>? expecting = null;
        lock (_cursors[partition])
        {
            for (var i = 0; i < entries.Count && _cursors[partition].Count > 0; i++)
            {
                foreach (var cursor in _cursors[partition].GetValueOrDefault(entries[i].NamespaceId, []))
                {
                    cursor.Expect(entries[i].Sequence.Number);
                    (expecting ??= []).Add(cursor);
                }
            }
        }

        return expecting;
    }

    /// <summary>The tail is about to move over changes of which it does not know the namespaces: each may have some.</summary>
    private HashSet<NamespaceCursor> ExpectAll(int partition, long number)
    {
        lock (_cursors[partition])
        {
            var all = _cursors[partition].Values.SelectMany(static cursors => cursors).ToHashSet();
            foreach (var cursor in all)
            {
                cursor.Expect(number);
            }

            return all;
        }
    }

    private void Leave(NamespaceCursor cursor)
    {
        var (cursors, id) = (_cursors[cursor.Namespace.Partition], cursor.Namespace.Id);
        lock (cursors)
        {
            cursor.End();
            NamespaceCursor[] others = [.. cursors.GetValueOrDefault(id, []).Where(other => other != cursor)];
            if (others.Length == 0)
            {
                cursors.Remove(id);
            }
            else
            {
                cursors[id] = others;
            }
        }
    }

    private sealed class Followed(IDisposable contents, LogTail tail, NamespaceCursor cursor) : IDisposable
    {
        public void Dispose()
        {
            tail.Leave(cursor);
            contents.Dispose();
        }
    }
}
