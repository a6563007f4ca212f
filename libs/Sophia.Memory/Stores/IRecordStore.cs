using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Memory.Stores;

/// <summary>
/// The engine of L3: log, contents, current records and namespaces, in one durable store. All methods may be called
/// at once from many threads. Any may throw <see cref="StoreUnavailableException"/> or <see cref="StoreFullException"/>;
/// then nothing of the call was done, or, for a commit whose answer was lost, the caller must not acknowledge it.
/// </summary>
public interface IRecordStore : IModelStore, ILedgerStore, IErasureStore, IAsyncDisposable
{
    /// <summary>The engine's name and version for people, such as "SQLite 3.50 (WAL, synchronous=FULL)".</summary>
    string Engine { get; }

    /// <summary>The secret under which <see cref="RecordId"/>s are made; 32 bytes, made once per store.</summary>
    ReadOnlyMemory<byte> Secret { get; }

    /// <summary>True when other processes may write to the same store, so that the log must be tailed.</summary>
    bool IsShared { get; }

    /// <summary>Commits that are worth having under way together: more than one where they wait for something else than each other.</summary>
    int CommitsAtOnce { get; }

    /// <summary>Applies missing schema migrations and reads the secret. Called once before any other method.</summary>
    /// <exception cref="StoreInUseException">Another process has the store, and it is of a kind that only one may have.</exception>
    Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>A trivial read, to know that the store answers.</summary>
    Task PingAsync(CancellationToken cancellationToken);

    // Namespaces

    /// <summary>The namespace; null where there is none, or it was removed and nobody has written to it since.</summary>
    Task<NamespaceInfo?> FindNamespaceAsync(string tenant, string name, CancellationToken cancellationToken);

    /// <inheritdoc cref="FindNamespaceAsync(string, string, CancellationToken)"/>
    Task<NamespaceInfo?> FindNamespaceAsync(long id, CancellationToken cancellationToken);

    /// <summary>The namespace, made with these settings if it was not there, or anew if it was removed. Safe against a race with another maker.</summary>
    Task<NamespaceInfo> EnsureNamespaceAsync(string tenant, string name, NamespaceSettings settings, CancellationToken cancellationToken);

    /// <summary>Changes the settings that may change: language, residency, retention. Others are kept.</summary>
    /// <param name="change">Is given the settings that are stored now, in the transaction that writes what it makes of them; what it throws ends that.</param>
    Task<NamespaceInfo> UpdateNamespaceAsync(NamespaceInfo current, Func<NamespaceSettings, NamespaceSettings> change, CancellationToken cancellationToken);

    /// <summary>
    /// Removes an empty namespace: nobody finds it or sees it listed until it is made anew, under the same id, so that the numbers of
    /// its changes go on. Does nothing when it was removed and made anew since (its time of creation is another), while it has a record,
    /// a deleted one among them, or a change of model that is not closed: looked at in the transaction, under the lock of its partition.
    /// </summary>
    /// <param name="late">Makes of the stored settings what it has where somebody writes to it who knew it from before: then it is there again.</param>
    /// <returns>Whether it was removed.</returns>
    Task<bool> RemoveNamespaceAsync(NamespaceInfo ns, Func<NamespaceSettings, NamespaceSettings> late, CancellationToken cancellationToken);

    /// <summary>Namespaces by name, after the given name, without reserved ones (names that start with $) and removed ones.</summary>
    Task<IReadOnlyList<NamespaceInfo>> ListNamespacesAsync(string tenant, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Namespaces of all tenants, reserved and removed ones too, whose rows of the log are still there, by id, after the given id: for housekeeping.</summary>
    Task<IReadOnlyList<NamespaceInfo>> ListNamespacesAsync(long afterId, int limit, CancellationToken cancellationToken);

    /// <summary>Current, unexpired records of a namespace.</summary>
    Task<long> CountAsync(long namespaceId, DateTimeOffset now, CancellationToken cancellationToken);

    // Writing

    /// <summary>
    /// Commits all groups in one transaction, durable when the task completes, and gives an outcome for each.
    /// Numbers are taken under the locks of the partitions, which are taken in ascending order.
    /// </summary>
    /// <exception cref="Hierarchy.RefusedException">too-large: the records that puts merge into have over 64 MiB together. Nothing was done.</exception>
    Task<IReadOnlyList<WriteOutcome>> CommitAsync(IReadOnlyList<WriteGroup> groups, CancellationToken cancellationToken);

    /// <summary>The outcome stored under a mark, or null; conflicts are reported as in <see cref="WriteOutcome"/>.</summary>
    Task<WriteOutcome?> FindReplayAsync(IdempotencyMark mark, DateTimeOffset now, CancellationToken cancellationToken);

    // Reading: expired records are returned, callers judge by their clock; deleted ones are not. Whatever comes with contents ends by its
    // bytes too, so that only the page itself says whether it is the last.

    Task<MemoryRecord?> GetAsync(NamespaceInfo ns, string key, CancellationToken cancellationToken);

    /// <summary>The records that are there, in no particular order. Of a page that is cut, those that did not come may be there: they are asked for again.</summary>
    Task<RowPage<MemoryRecord>> GetManyAsync(NamespaceInfo ns, IReadOnlyCollection<string> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Records with keys that start with the prefix, strictly after a key in ordinal (UTF-8 byte) order, or strictly before it when descending.
    /// </summary>
    /// <param name="prefix">Empty for all.</param>
    /// <param name="after">Null to start at the first (or last, descending) of the prefix.</param>
    Task<RowPage<MemoryRecord>> ListAsync(
        NamespaceInfo ns, string prefix, string? after, int limit, bool descending, CancellationToken cancellationToken);

    /// <summary>
    /// Keys that start with the prefix, strictly after a key in ordinal (UTF-8 byte) order; those of deleted records too,
    /// whose history is still there.
    /// </summary>
    Task<IReadOnlyList<string>> ListKeysAsync(NamespaceInfo ns, string prefix, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Versions of a record, newest first, deletes among them, from the log.</summary>
    /// <param name="before">None for the newest; otherwise entries that come strictly before it in the chain.</param>
    Task<RowPage<LogEntry>> HistoryAsync(
        NamespaceInfo ns, string key, Sequence before, int limit, CancellationToken cancellationToken);

    /// <summary>The record as it was recorded at an instant; null if it was not there then.</summary>
    Task<MemoryRecord?> GetAsOfAsync(NamespaceInfo ns, string key, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Every record of a namespace as it was recorded at an instant, in no particular order.</summary>
    IAsyncEnumerable<MemoryRecord> ScanAsOfAsync(NamespaceInfo ns, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>
    /// Every current record of a namespace. The scan sees at least every change up to the watermark that was read before
    /// it began; changes after that may or may not be in it, so the log is applied from there on.
    /// </summary>
    IAsyncEnumerable<MemoryRecord> ScanAsync(NamespaceInfo ns, CancellationToken cancellationToken);

    /// <summary>As <see cref="ScanAsync(NamespaceInfo, CancellationToken)"/>, of the records whose current version is in a range of the log.</summary>
    /// <param name="end">Exclusive; null for the log's end.</param>
    IAsyncEnumerable<MemoryRecord> ScanAsync(NamespaceInfo ns, Sequence first, Sequence? end, CancellationToken cancellationToken);

    // The log

    /// <summary>Entries of one partition with numbers above <paramref name="after"/>, ascending.</summary>
    /// <param name="namespaceId">Null for all namespaces of the partition.</param>
    Task<RowPage<LogEntry>> ReadLogAsync(
        int partition, long after, int limit, long? namespaceId, CancellationToken cancellationToken);

    /// <summary>As <see cref="ReadLogAsync"/> of all namespaces, with keys and without records.</summary>
    Task<IReadOnlyList<LogEntry>> ReadLogHeadsAsync(int partition, long after, int limit, CancellationToken cancellationToken);

    /// <summary>The number of the last committed change of each partition.</summary>
    Task<Watermarks> ReadWatermarksAsync(CancellationToken cancellationToken);

    /// <summary>The number of the last row of the namespace that was trimmed: what a cursor must at least have seen to miss nothing.</summary>
    Task<long> ReadTrimmedAsync(NamespaceInfo ns, CancellationToken cancellationToken);

    // Housekeeping

    /// <summary>Current records whose time ran out, at most so many.</summary>
    Task<IReadOnlyList<ExpireOperation>> FindExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Removes log rows of the namespace that were recorded before the cut-off and are not the current version of a record, and their
    /// contents, at most so many.
    /// </summary>
    /// <param name="after">Looks at rows after it, so that a round of calls looks at each row once; none: from the first.</param>
    /// <returns>Fewer rows than asked for: no more are to go after them.</returns>
    Task<TrimmedRows> TrimLogAsync(NamespaceInfo ns, DateTimeOffset before, Sequence after, int limit, CancellationToken cancellationToken);

    /// <summary>Removes idempotency marks that ran out; returns how many.</summary>
    Task<int> TrimMarksAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Makes erased bytes leave the engine's own files as far as the engine can (for SQLite: the write-ahead log is
    /// checkpointed and cut), and says what may still hold them.
    /// </summary>
    Task<IReadOnlyList<string>> SettleErasureAsync(CancellationToken cancellationToken);

    /// <summary>Bytes that the store takes on disk, or null when it cannot tell.</summary>
    Task<long?> SizeAsync(CancellationToken cancellationToken);
}
