using System.Runtime.CompilerServices;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Infrastructure;

/// <summary>A real store with named fault points: outages, slow reads, counted reads.</summary>
internal sealed class DelegatingStore(IRecordStore inner) : IRecordStore
{
    private int _gets;
    private int _logReads;
    private int _headReads;
    private int _watermarkReads;
    private int _trimmedReads;
    private int _rangeScans;
    private int _pages;
    private long _largestPage;

    /// <summary>While set, every call fails as it does when the database is away.</summary>
    public volatile bool IsDown;

    /// <summary>Runs before a point read returns, after the inner store has answered.</summary>
    public Func<Task>? AfterGet { get; set; }

    /// <summary>May throw instead of committing.</summary>
    public Action<IReadOnlyList<WriteGroup>>? BeforeCommit { get; set; }

    /// <summary>What is returned of a page of the log's heads; may throw instead.</summary>
    public Func<IReadOnlyList<LogEntry>, IReadOnlyList<LogEntry>>? PageOfHeads { get; set; }

    /// <summary>Set by each commit that has come to its gate.</summary>
    public TaskCompletionSource? CommitEntered { get; set; }

    /// <summary>Awaited before each commit.</summary>
    public Task CommitGate { get; set; } = Task.CompletedTask;

    public bool? PretendShared { get; set; }

    /// <summary>Runs before a namespace that was looked for by its name is returned, after the inner store has answered.</summary>
    public Func<Task>? AfterFindNamespace { get; set; }

    /// <summary>May throw instead of making a namespace.</summary>
    public Action? BeforeEnsureNamespace { get; set; }

    /// <summary>Runs before a namespace that was changed is returned, after the inner store has changed it.</summary>
    public Func<Task>? AfterUpdateNamespace { get; set; }

    /// <summary>Runs before a namespace is removed, and may throw instead.</summary>
    public Func<Task>? BeforeRemoveNamespace { get; set; }

    /// <summary>Runs before several records are returned, after the inner store has answered.</summary>
    public Action? AfterGetMany { get; set; }

    /// <summary>Runs before a page of keys is returned, after the inner store has answered.</summary>
    public Func<Task>? AfterListKeys { get; set; }

    /// <summary>Runs before a page of records is returned, after the inner store has answered.</summary>
    public Func<Task>? AfterList { get; set; }

    /// <summary>Runs before a record of a scan is returned, after the inner store has read it.</summary>
    public Func<Task>? AfterScanned { get; set; }

    /// <summary>Called when the versions of a page of records have been counted.</summary>
    public Action? AfterCounted { get; set; }

    /// <summary>Runs before a page of the log is returned, after the inner store has answered.</summary>
    public Func<Task>? AfterReadLog { get; set; }

    /// <summary>While set, commits are done but their answers are lost.</summary>
    public volatile bool LosesAnswers;

    /// <summary>While set, the log cannot be read.</summary>
    public volatile bool LogIsDown;

    /// <summary>Runs before vectors beside the contents are looked up, and may throw instead.</summary>
    public Action? BeforeReadVectors { get; set; }

    /// <summary>While set, there are no vectors beside the contents.</summary>
    public volatile bool HidesVectors;

    /// <summary>Two nodes of one test share the inner store; only one of them opens and disposes it.</summary>
    public bool OwnsInner { get; init; } = true;

    public int Gets => Volatile.Read(ref _gets);

    public int LogReads => Volatile.Read(ref _logReads);

    public int WatermarkReads => Volatile.Read(ref _watermarkReads);

    public int TrimmedReads => Volatile.Read(ref _trimmedReads);

    /// <summary>Walks through a part of the log.</summary>
    public int RangeScans => Volatile.Read(ref _rangeScans);

    /// <summary>Histories that were erased before their record.</summary>
    public int HistoriesErased { get; private set; }

    /// <summary>Pages with contents that were handed over.</summary>
    public int Pages => Volatile.Read(ref _pages);

    /// <summary>The bytes of the largest of them, in contents, attributes and vectors.</summary>
    public long LargestPage => Volatile.Read(ref _largestPage);

    public int HeadReads => Volatile.Read(ref _headReads);

    public string Engine => inner.Engine;

    public ReadOnlyMemory<byte> Secret => inner.Secret;

    public bool IsShared => PretendShared ?? inner.IsShared;

    public int CommitsAtOnce => inner.CommitsAtOnce;

    public Task AddLedgerAsync(Guid writer, long number, IReadOnlyList<LedgerRow> rows, CancellationToken cancellationToken) => Inner.AddLedgerAsync(writer, number, rows, cancellationToken);

    public Task<IReadOnlyList<LedgerRow>> ReadLedgerAsync(string tenant, int firstDay, int lastDay, CancellationToken cancellationToken) =>
        Inner.ReadLedgerAsync(tenant, firstDay, lastDay, cancellationToken);

    private IRecordStore Inner => IsDown ? throw new StoreUnavailableException("The test has taken the store away.") : inner;

    public async Task<MemoryRecord?> GetAsync(NamespaceInfo ns, string key, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _gets);
        var record = await Inner.GetAsync(ns, key, cancellationToken);
        if (AfterGet is { } after)
        {
            await after();
        }

        return record;
    }

    public async Task<IReadOnlyList<WriteOutcome>> CommitAsync(IReadOnlyList<WriteGroup> groups, CancellationToken cancellationToken)
    {
        CommitEntered?.TrySetResult();
        await CommitGate;
        BeforeCommit?.Invoke(groups);
        var outcomes = await Inner.CommitAsync(groups, cancellationToken);
        return LosesAnswers ? throw new StoreUnavailableException("The test has lost the answer.") : outcomes;
    }

    public Task OpenAsync(CancellationToken cancellationToken) => OwnsInner ? Inner.OpenAsync(cancellationToken) : Task.CompletedTask;

    public Task PingAsync(CancellationToken cancellationToken) => Inner.PingAsync(cancellationToken);

    public async Task<NamespaceInfo?> FindNamespaceAsync(string tenant, string name, CancellationToken cancellationToken)
    {
        var found = await Inner.FindNamespaceAsync(tenant, name, cancellationToken);
        await (AfterFindNamespace?.Invoke() ?? Task.CompletedTask);
        return found;
    }

    public Task<NamespaceInfo?> FindNamespaceAsync(long id, CancellationToken cancellationToken) => Inner.FindNamespaceAsync(id, cancellationToken);

    public Task<NamespaceInfo> EnsureNamespaceAsync(string tenant, string name, NamespaceSettings settings, CancellationToken cancellationToken)
    {
        BeforeEnsureNamespace?.Invoke();
        return Inner.EnsureNamespaceAsync(tenant, name, settings, cancellationToken);
    }

    public async Task<NamespaceInfo> UpdateNamespaceAsync(NamespaceInfo current, Func<NamespaceSettings, NamespaceSettings> change, CancellationToken cancellationToken)
    {
        var updated = await Inner.UpdateNamespaceAsync(current, change, cancellationToken);
        await (AfterUpdateNamespace?.Invoke() ?? Task.CompletedTask);
        return updated;
    }

    public async Task<bool> RemoveNamespaceAsync(NamespaceInfo ns, Func<NamespaceSettings, NamespaceSettings> late, CancellationToken cancellationToken)
    {
        await (BeforeRemoveNamespace?.Invoke() ?? Task.CompletedTask);
        return await Inner.RemoveNamespaceAsync(ns, late, cancellationToken);
    }

    public Task<IReadOnlyList<NamespaceInfo>> ListNamespacesAsync(string tenant, string? after, int limit, CancellationToken cancellationToken) => Inner.ListNamespacesAsync(tenant, after, limit, cancellationToken);

    public Task<IReadOnlyList<NamespaceInfo>> ListNamespacesAsync(long afterId, int limit, CancellationToken cancellationToken) => Inner.ListNamespacesAsync(afterId, limit, cancellationToken);

    public Task<long> CountAsync(long namespaceId, DateTimeOffset now, CancellationToken cancellationToken) => Inner.CountAsync(namespaceId, now, cancellationToken);

    public Task<WriteOutcome?> FindReplayAsync(IdempotencyMark mark, DateTimeOffset now, CancellationToken cancellationToken) => Inner.FindReplayAsync(mark, now, cancellationToken);

    public async Task<RowPage<MemoryRecord>> GetManyAsync(NamespaceInfo ns, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        var records = Handed(await Inner.GetManyAsync(ns, keys, cancellationToken));
        AfterGetMany?.Invoke();
        return records;
    }

    public async Task<RowPage<MemoryRecord>> ListAsync(NamespaceInfo ns, string prefix, string? after, int limit, bool descending, CancellationToken cancellationToken)
    {
        var records = Handed(await Inner.ListAsync(ns, prefix, after, limit, descending, cancellationToken));
        await (AfterList?.Invoke() ?? Task.CompletedTask);
        return records;
    }

    public async Task<IReadOnlyList<string>> ListKeysAsync(NamespaceInfo ns, string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        var keys = await Inner.ListKeysAsync(ns, prefix, after, limit, cancellationToken);
        await (AfterListKeys?.Invoke() ?? Task.CompletedTask);
        return keys;
    }

    public async Task<RowPage<LogEntry>> HistoryAsync(NamespaceInfo ns, string key, Sequence before, int limit, CancellationToken cancellationToken) =>
        Handed(await Inner.HistoryAsync(ns, key, before, limit, cancellationToken));

    public Task<MemoryRecord?> GetAsOfAsync(NamespaceInfo ns, string key, DateTimeOffset at, CancellationToken cancellationToken) => Inner.GetAsOfAsync(ns, key, at, cancellationToken);

    public IAsyncEnumerable<MemoryRecord> ScanAsOfAsync(NamespaceInfo ns, DateTimeOffset at, CancellationToken cancellationToken) => HookedAsync(Inner.ScanAsOfAsync(ns, at, cancellationToken), cancellationToken);

    public IAsyncEnumerable<MemoryRecord> ScanAsync(NamespaceInfo ns, CancellationToken cancellationToken) => HookedAsync(Inner.ScanAsync(ns, cancellationToken), cancellationToken);

    public IAsyncEnumerable<MemoryRecord> ScanAsync(NamespaceInfo ns, Sequence first, Sequence? end, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _rangeScans);
        return HookedAsync(Inner.ScanAsync(ns, first, end, cancellationToken), cancellationToken);
    }

    public async Task<RowPage<LogEntry>> ReadLogAsync(int partition, long after, int limit, long? namespaceId, CancellationToken cancellationToken)
    {
        RequireLog();
        Interlocked.Increment(ref _logReads);
        var page = Handed(await Inner.ReadLogAsync(partition, after, limit, namespaceId, cancellationToken));
        await (AfterReadLog?.Invoke() ?? Task.CompletedTask);
        return page;
    }

    public async Task<IReadOnlyList<LogEntry>> ReadLogHeadsAsync(int partition, long after, int limit, CancellationToken cancellationToken)
    {
        RequireLog();
        Interlocked.Increment(ref _headReads);
        var page = await Inner.ReadLogHeadsAsync(partition, after, limit, cancellationToken);
        return PageOfHeads?.Invoke(page) ?? page;
    }

    public async Task<Watermarks> ReadWatermarksAsync(CancellationToken cancellationToken)
    {
        var watermarks = await Inner.ReadWatermarksAsync(cancellationToken);
        Interlocked.Increment(ref _watermarkReads);
        return watermarks;
    }

    public Task<long> ReadTrimmedAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _trimmedReads);
        return Inner.ReadTrimmedAsync(ns, cancellationToken);
    }

    public Task<IReadOnlyList<ExpireOperation>> FindExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => Inner.FindExpiredAsync(now, limit, cancellationToken);

    public Task<TrimmedRows> TrimLogAsync(NamespaceInfo ns, DateTimeOffset before, Sequence after, int limit, CancellationToken cancellationToken) => Inner.TrimLogAsync(ns, before, after, limit, cancellationToken);

    public Task<int> TrimMarksAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => Inner.TrimMarksAsync(now, limit, cancellationToken);

    public async Task<IReadOnlyDictionary<Sequence, float[]?>> ReadVectorsAsync(NamespaceInfo ns, string model, IReadOnlyCollection<Sequence> versions, CancellationToken cancellationToken)
    {
        BeforeReadVectors?.Invoke();
        return HidesVectors ? new Dictionary<Sequence, float[]?>() : await Inner.ReadVectorsAsync(ns, model, versions, cancellationToken);
    }

    public Task PutVectorsAsync(NamespaceInfo ns, string model, IReadOnlyList<VersionVector> vectors, CancellationToken cancellationToken) => Inner.PutVectorsAsync(ns, model, vectors, cancellationToken);

    public async Task<IReadOnlyDictionary<string, StoredVersions>> CountVersionsAsync(NamespaceInfo ns, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        var counted = await Inner.CountVersionsAsync(ns, keys, cancellationToken);
        AfterCounted?.Invoke();
        return counted;
    }

    public Task<int> EraseHistoryAsync(NamespaceInfo ns, string key, Sequence? current, CancellationToken cancellationToken)
    {
        HistoriesErased++;
        return Inner.EraseHistoryAsync(ns, key, current, cancellationToken);
    }

    public Task<Sequence> SettleVectorsAsync(NamespaceInfo ns, string model, Sequence after, int limit, CancellationToken cancellationToken) => Inner.SettleVectorsAsync(ns, model, after, limit, cancellationToken);

    public Task<ModelChange?> FindModelChangeAsync(long namespaceId, CancellationToken cancellationToken) => Inner.FindModelChangeAsync(namespaceId, cancellationToken);

    public Task<IReadOnlyList<ModelChange>> ListModelChangesAsync(CancellationToken cancellationToken) => Inner.ListModelChangesAsync(cancellationToken);

    public Task<NamespaceInfo?> SaveModelChangeAsync(ModelChange next, CancellationToken cancellationToken) => Inner.SaveModelChangeAsync(next, cancellationToken);

    public Task<bool> LeaseModelChangeAsync(long namespaceId, string owner, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellationToken) => Inner.LeaseModelChangeAsync(namespaceId, owner, now, until, cancellationToken);

    public Task<IReadOnlyList<string>> SettleErasureAsync(CancellationToken cancellationToken) => Inner.SettleErasureAsync(cancellationToken);

    public Task<long?> SizeAsync(CancellationToken cancellationToken) => Inner.SizeAsync(cancellationToken);

    private async IAsyncEnumerable<MemoryRecord> HookedAsync(IAsyncEnumerable<MemoryRecord> scan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var record in scan.WithCancellation(cancellationToken))
        {
            await (AfterScanned?.Invoke() ?? Task.CompletedTask).WaitAsync(cancellationToken);
            yield return record;
        }
    }

    private RowPage<MemoryRecord> Handed(RowPage<MemoryRecord> page)
    {
        Count(page.Sum(static record => RowPage.SizeOf(record)));
        return page;
    }

    private RowPage<LogEntry> Handed(RowPage<LogEntry> page)
    {
        Count(page.Sum(static entry => RowPage.SizeOf(entry)));
        return page;
    }

    private void Count(long bytes)
    {
        Interlocked.Increment(ref _pages);
        for (var largest = LargestPage; largest < bytes && Interlocked.CompareExchange(ref _largestPage, bytes, largest) is var other && other != largest;)
        {
            largest = other;
        }
    }

    private void RequireLog()
    {
        if (LogIsDown)
        {
            throw new StoreUnavailableException("The test has taken the log away.");
        }
    }

    public ValueTask DisposeAsync() => OwnsInner ? inner.DisposeAsync() : ValueTask.CompletedTask;
}
