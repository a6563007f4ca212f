using System.Security.Cryptography;

namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>The batches of one process, where there is no database to share them by.</summary>
/// <param name="mostBytes">Of answers; beyond it those go that were fetched, then the oldest, and a poll for one finds nothing. The last stays in any case.</param>
public sealed class BatchesInProcess(long mostBytes = long.MaxValue) : IBatchStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<BatchKey, Entry> _entries = [];
    private long _bytes;

    private sealed record Entry(byte[] Hash, byte[]? Request, string Owner, DateTimeOffset LeaseUntil, byte[]? Answer, DateTimeOffset KeepUntil, bool IsFetched = false);

    public Task<BatchClaim> ClaimAsync(
        BatchKey key, ReadOnlyMemory<byte> request, string owner, DateTimeOffset now, DateTimeOffset leaseUntil, DateTimeOffset keepUntil, CancellationToken cancellationToken)
    {
        var hash = SHA256.HashData(request.Span);
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var entry) && entry.KeepUntil > now)
            {
                return Task.FromResult(!entry.Hash.AsSpan().SequenceEqual(hash) ? new BatchClaim(BatchState.Different) : Look(key, entry, owner, now, leaseUntil));
            }

            Remove(key);
            var copy = request.ToArray();
            _entries[key] = new Entry(hash, copy, owner, leaseUntil, null, keepUntil);
            return Task.FromResult(new BatchClaim(BatchState.Claimed, copy));
        }
    }

    public Task<BatchClaim> ResumeAsync(BatchKey key, string owner, DateTimeOffset now, DateTimeOffset leaseUntil, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_entries.TryGetValue(key, out var entry) && entry.KeepUntil > now
                ? Look(key, entry, owner, now, leaseUntil)
                : new BatchClaim(BatchState.Unknown));
        }
    }

    public Task<bool> RenewAsync(BatchKey key, string owner, DateTimeOffset leaseUntil, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry) || entry.Owner != owner || entry.Answer is not null)
            {
                return Task.FromResult(false);
            }

            _entries[key] = entry with { LeaseUntil = leaseUntil };
            return Task.FromResult(true);
        }
    }

    public Task AnswerAsync(BatchKey key, string owner, ReadOnlyMemory<byte> answer, DateTimeOffset keepUntil, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var entry) && entry.Owner == owner)
            {
                Remove(key);
                while (_bytes > 0 && _bytes + answer.Length > mostBytes)
                {
                    Remove(_entries.Where(static e => e.Value.Answer is not null).OrderByDescending(static e => e.Value.IsFetched).ThenBy(static e => e.Value.KeepUntil).First().Key);
                }

                _entries[key] = entry with { Request = null, Answer = answer.ToArray(), KeepUntil = keepUntil };
                _bytes += answer.Length;
            }
        }

        return Task.CompletedTask;
    }

    public void Fetched(BatchKey key)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var entry) && entry.Answer is not null)
            {
                _entries[key] = entry with { IsFetched = true };
            }
        }
    }

    public Task ReleaseAsync(BatchKey key, string owner, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var entry) && entry.Owner == owner && entry.Answer is null)
            {
                Remove(key);
            }
        }

        return Task.CompletedTask;
    }

    public Task<int> TrimAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            BatchKey[] gone = [.. _entries.Where(e => e.Value.KeepUntil <= now).Select(e => e.Key)];
            foreach (var key in gone)
            {
                Remove(key);
            }

            return Task.FromResult(gone.Length);
        }
    }

    private void Remove(BatchKey key)
    {
        if (_entries.Remove(key, out var entry))
        {
            _bytes -= entry.Answer?.Length ?? 0;
        }
    }

    private BatchClaim Look(BatchKey key, Entry entry, string owner, DateTimeOffset now, DateTimeOffset leaseUntil)
    {
        if (entry.Answer is { } answer)
        {
            _entries[key] = entry with { IsFetched = true };
            return new BatchClaim(BatchState.Answered, Answer: answer);
        }

        if (entry.LeaseUntil > now)
        {
            return new BatchClaim(BatchState.Running);
        }

        _entries[key] = entry with { Owner = owner, LeaseUntil = leaseUntil };
        return new BatchClaim(BatchState.Claimed, entry.Request);
    }
}
