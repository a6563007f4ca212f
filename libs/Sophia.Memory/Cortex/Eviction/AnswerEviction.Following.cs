using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Memory.Cortex.Eviction;

/// <summary>How it knows what is kept: all that the store has, then every change.</summary>
internal sealed partial class AnswerEviction
{
    /// <summary>Namespaces of answers that were not known, with all that is in them. Other processes may have made them.</summary>
    private async Task FindHomesAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await _memory.ListAllNamespacesAsync(_lastNamespace, NamespacesAtOnce, cancellationToken).ConfigureAwait(false);
            foreach (var ns in page)
            {
                if (ns.Name.StartsWith(NamespaceRules.Cortex, StringComparison.Ordinal))
                {
                    await ReadAsync(ns, cancellationToken).ConfigureAwait(false);
                }

                _lastNamespace = ns.Id;
            }

            if (page.Count < NamespacesAtOnce)
            {
                return;
            }
        }
    }

    /// <summary>The namespace is one of answers: its changes count from here on.</summary>
    public ValueTask FollowAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        return _homes.ContainsKey(ns.Id) ? ValueTask.CompletedTask : AddAsync();

        async ValueTask AddAsync()
        {
            var contents = await _memory.WantContentsAsync(ns, cancellationToken).ConfigureAwait(false);
            if (!_homes.TryAdd(ns.Id, new Home(ns, contents)))
            {
                contents.Dispose();
            }
        }
    }

    private async Task ReadAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        await FollowAsync(ns, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            _isReading = true;
        }

        try
        {
            await foreach (var record in _memory.Store.ScanAsync(ns, cancellationToken).ConfigureAwait(false))
            {
                Keep(record, isRead: true);
            }
        }
        finally
        {
            lock (_lock)
            {
                _isReading = false;
                _goneWhileReading.Clear();
            }
        }
    }

    private void Observe(IReadOnlyList<LogEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (!_homes.ContainsKey(entry.NamespaceId))
            {
                continue;
            }

            if (entry is { Kind: ChangeKind.Put, Record: { } record })
            {
                Keep(record, isRead: false);
            }
            else
            {
                Drop(entry.Id);
            }
        }
    }

    private void Keep(MemoryRecord record, bool isRead)
    {
        if (!PromptHash.TryParse(record.Key, out var key))
        {
            return;
        }

        var bytes = BytesOf(record);
        var saving = AnswerSaving.Of(record);
        lock (_lock)
        {
            var hasOther = _answers.TryGetValue(record.Id, out var other);
            if ((isRead && _goneWhileReading.Contains(record.Id)) || (hasOther && other!.Sequence.Value >= record.Sequence.Value))
            {
                return;
            }

            var answer = new CachedAnswer(record.Id, record.NamespaceId, key, record.Sequence, bytes, saving, _order.Age);
            if (hasOther)
            {
                answer.Inherit(other!);
                _order.Remove(other!);
            }

            _answers[record.Id] = answer;
            _order.Add(answer);
        }

        if (_order.Bytes > _budget)
        {
            _wanted.Beat();
        }
    }

    private void Drop(RecordId id)
    {
        lock (_lock)
        {
            if (_isReading)
            {
                _goneWhileReading.Add(id);
            }

            if (_answers.TryRemove(id, out var answer))
            {
                _order.Remove(answer);
            }
        }
    }

    /// <summary>A namespace of answers; what comes and goes there is seen with its contents.</summary>
    private sealed record Home(NamespaceInfo Namespace, IDisposable Contents);
}
