using System.Collections.Concurrent;
using System.Globalization;
using Sophia.Memory.Caching;
using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Tests.Infrastructure;

/// <summary>A shared cache in memory that keeps the contract, with named fault points.</summary>
internal sealed class ScriptedCache : ISharedCache
{
    private readonly ConcurrentDictionary<(int Epoch, RecordId Id), (Sequence Sequence, MemoryRecord? Record)> _values = new();
    private volatile int _epoch = 1;
    private volatile TaskCompletionSource? _gate;
    private volatile TaskCompletionSource? _arrived;
    private volatile TaskCompletionSource? _held;

    public string Engine => "scripted";

    public event Action? Interrupted;

    public event Action<int>? LogGrew;

    /// <summary>While set, every call fails as it does when Redis is away.</summary>
    public volatile bool IsDown;

    /// <summary>While set, reads fail.</summary>
    public bool ReadsFail { get; set; }

    /// <summary>Thrown by every change.</summary>
    public Exception? ChangeError { get; set; }

    /// <summary>Awaited before a removal is done.</summary>
    public Task RemoveGate { get; set; } = Task.CompletedTask;

    public int Epoch => _epoch;

    public DateTimeOffset? UnreachableUntil { get; set; }

    string? ISharedCache.Epoch => _epoch.ToString(CultureInfo.InvariantCulture);

    public int Gets { get; private set; }

    /// <summary>How often it was asked for a number of records.</summary>
    public int Counts { get; private set; }

    public bool Holds(RecordId id) => _values.TryGetValue((_epoch, id), out var value) && value.Record is not null;

    public ValueTask<MemoryRecord?> GetAsync(RecordId id, CancellationToken cancellationToken)
    {
        Gets++;
        Check(ReadsFail);
        return ValueTask.FromResult(_values.TryGetValue((_epoch, id), out var value) ? value.Record : null);
    }

    public Task<int> CountAsync(IReadOnlyCollection<RecordId> ids, CancellationToken cancellationToken)
    {
        Counts++;
        Check(ReadsFail);
        return Task.FromResult(ids.Count(Holds));
    }

    public async Task SetIfNewerAsync(IReadOnlyList<MemoryRecord> records, string? epoch, CancellationToken cancellationToken)
    {
        var held = _held;
        if (_gate is { } gate)
        {
            _arrived!.TrySetResult();
            await gate.Task;
        }

        Check(false);
        foreach (var record in records)
        {
            Keep(record.Id, record.Sequence, epoch == ((ISharedCache)this).Epoch ? record : null);
        }

        held?.TrySetResult();

        if (ChangeError is not null)
        {
            throw ChangeError;
        }
    }

    public async Task RemoveIfOlderAsync(IReadOnlyList<(RecordId Id, Sequence Sequence)> removals, CancellationToken cancellationToken)
    {
        await RemoveGate;
        Check(false);
        foreach (var (id, sequence) in removals)
        {
            Keep(id, sequence, null);
        }

        if (ChangeError is not null)
        {
            throw ChangeError;
        }
    }

    public Task StartEpochAsync(CancellationToken cancellationToken)
    {
        Check(false);
        _epoch++;
        return Task.CompletedTask;
    }

    public Task AnnounceAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken)
    {
        Check(false);
        return Task.CompletedTask;
    }

    /// <summary>Awaited before it says that it is there.</summary>
    public Task PingGate { get; set; } = Task.CompletedTask;

    public int Pings { get; private set; }

    public async Task<TimeSpan> PingAsync(CancellationToken cancellationToken)
    {
        Pings++;
        await PingGate;
        Check(false);
        return TimeSpan.Zero;
    }

    public Task<(long UsedBytes, long LimitBytes)?> SizeAsync(CancellationToken cancellationToken) => Task.FromResult<(long, long)?>((0, 0));

    public void Interrupt() => Interrupted?.Invoke();

    /// <summary>Does something by which values come to be set, and returns when the first of them is held up.</summary>
    public async Task HoldSetsAsync(Func<Task> act)
    {
        (_arrived, _held) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await act();
        await _arrived.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Returns when what was held up is done.</summary>
    public async Task ReleaseSetsAsync()
    {
        var gate = _gate!;
        _gate = null;
        gate.SetResult();
        await _held!.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    public void Grow(int partition) => LogGrew?.Invoke(partition);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Keep(RecordId id, Sequence sequence, MemoryRecord? record) => _values.AddOrUpdate(
        (_epoch, id), (sequence, record), (_, old) => old.Sequence.Number >= sequence.Number ? old : (sequence, record));

    private void Check(bool fails)
    {
        if (IsDown || fails)
        {
            throw new CacheUnavailableException("The test has taken the cache away.");
        }
    }
}
