using System.Security.Cryptography;

namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>The batches of one process, where there is no database to share them by.</summary>
public sealed class BatchesInProcess : IBatchStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<BatchKey, Entry> _entries = [];

    private sealed record Entry(byte[] Hash, byte[]? Request, string Owner, DateTimeOffset LeaseUntil, byte[]? Answer, DateTimeOffset KeepUntil);

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
                _entries[key] = entry with { Request = null, Answer = answer.ToArray(), KeepUntil = keepUntil };
            }
        }

        return Task.CompletedTask;
    }

    public Task ReleaseAsync(BatchKey key, string owner, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var entry) && entry.Owner == owner && entry.Answer is null)
            {
                _entries.Remove(key);
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
                _entries.Remove(key);
            }

            return Task.FromResult(gone.Length);
        }
    }

    private BatchClaim Look(BatchKey key, Entry entry, string owner, DateTimeOffset now, DateTimeOffset leaseUntil)
    {
        if (entry.Answer is { } answer)
        {
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
