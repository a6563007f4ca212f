using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Stores.Relational;
using SQLitePCL;

namespace Sophia.Stores.Sqlite;

/// <summary>
/// L3 embedded: one SQLite file in write-ahead mode, synced at every commit, for one process. One connection writes;
/// readers have connections of their own and are never blocked by it.
/// </summary>
internal sealed partial class SqliteEngine : RelationalStore
{
    public const string FileName = "sophia.db";

    // Pages of 4 KiB: a random key touches a leaf of its own and the write-ahead log takes whole pages. Measured with 512-byte
    // texts and vectors, 8 KiB made the file a tenth smaller and was no quicker.
    private const string Pragmas =
        "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; " +
        "PRAGMA cache_size = -65536; PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 67108864";

    private const string ReaderPragmas = "PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY";
    private const int PooledReaders = 16;

    private readonly string _directory;
    private readonly ILogger? _logger;
    private readonly string _connectionString;
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private readonly SemaphoreSlim _writing = new(1, 1);
    private DataDirectoryLock? _lock;
    private SqliteSession? _writer;
    private SqliteCommitWriter? _commits;
    private bool _disposed;

    // The write-ahead log may have pages of what was erased, also of before this process. Of the writer alone.
    private bool _mayHoldErased = true;

    public SqliteEngine(string dataDirectory, TimeProvider clock, ILogger? logger, RecordLimits? limits = null)
        : base(clock, limits)
    {
        _directory = Path.GetFullPath(dataDirectory);
        _logger = logger;
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(_directory, FileName),
            Mode = SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
        }.ToString();
    }

    public override string Engine => $"SQLite {raw.sqlite3_libversion().utf8_to_string()} (WAL, synchronous=FULL)";

    public override bool IsShared => false;

    protected override IReadOnlyList<Migration> Migrations => SqliteSchema.Migrations;

    protected override string? MigrationLock => null;

    // It takes the records of a namespace for few, and would walk and sort all of them, with their contents, for each page of the log.
    protected override string JoinInOrder => "CROSS JOIN";

    private SqliteSession Writer => _writer ?? throw new InvalidOperationException("The store is not open.");

    public override async Task OpenAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_directory);
        _lock = DataDirectoryLock.Take(_directory);
        try
        {
            _writer = Connect(Pragmas, null);
            await base.OpenAsync(cancellationToken).ConfigureAwait(false);
            _commits = new SqliteCommitWriter(_writer.Connection);
        }
        catch (Exception e)
        {
            await DisposeAsync().ConfigureAwait(false);
            if (Translate(e) is { } meant)
            {
                throw meant;
            }

            throw;
        }
    }

    public override Task<IReadOnlyList<string>> SettleErasureAsync(CancellationToken cancellationToken) =>
        RunWritingAsync<int, IReadOnlyList<string>>(0, static (store, _) =>
        {
            if (store._mayHoldErased)
            {
                // Secure delete has put zeros over the erased cells; what is left of them are older pages in the write-ahead
                // log. The checkpoint waits for readers as long as busy_timeout says, and commits wait for it.
                using var result = store.Writer.Command("PRAGMA wal_checkpoint(TRUNCATE)").ExecuteReader();
                store._mayHoldErased = !result.Read() || result.GetInt32(0) != 0;
            }

            return !store._mayHoldErased
                ? ["Backups and file system snapshots of the data directory that were made before."]
                :
                [
                    $"{FileName}-wal, the write-ahead log in the data directory, until readers let it be cut: ask again.",
                    "Backups and file system snapshots of the data directory that were made before.",
                ];
        }, cancellationToken);

    public override Task<long?> SizeAsync(CancellationToken cancellationToken)
    {
        long size = 0;
        foreach (var name in (ReadOnlySpan<string>)[FileName, FileName + "-wal"])
        {
            var file = new FileInfo(Path.Combine(_directory, name));
            size += file.Exists ? file.Length : 0;
        }

        return Task.FromResult<long?>(size);
    }

    public override async ValueTask DisposeAsync()
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            _disposed = true;
            while (_readers.TryTake(out var reader))
            {
                reader.Close();
            }

            _commits?.Dispose();
            _writer?.Close(); // the last connection checkpoints and removes the write-ahead log
            _lock?.Dispose();
            (_commits, _writer, _lock) = (null, null, null);
        }
        finally
        {
            _writing.Release();
        }
    }

    protected override ValueTask<Session> RentAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new(_readers.TryTake(out var session) ? session : Connect(ReaderPragmas, Return));
    }

    protected override string ValuesOf(string parameter) => $"SELECT value FROM json_each({parameter})";

    protected override object Set(IReadOnlyCollection<string> values) => StoredJson.Array([.. values]);

    protected override object Set(IReadOnlyCollection<long> values) =>
        "[" + string.Join(',', values.Select(static v => v.ToString(CultureInfo.InvariantCulture))) + "]";

    protected override Exception? Translate(Exception exception) => SqliteErrors.Translate(exception, _directory);

    protected override Task<T> TransactAsync<TState, T>(
        TState state, Func<Session, TState, CancellationToken, Task<T>> statements, CancellationToken cancellationToken) =>
        RunWritingAsync((state, statements), static (store, q) =>
        {
            // A history is erased so, and few other things are done so.
            store._mayHoldErased = true;
            store.Writer.Execute("BEGIN IMMEDIATE");
            try
            {
                // Statements of SQLite complete at once, whatever their signatures say: nothing waits here.
                var result = q.statements(store.Writer, q.state, CancellationToken.None).GetAwaiter().GetResult();
                store.Writer.Execute("COMMIT");
                return result;
            }
            catch
            {
                store.Rollback();
                throw;
            }
        }, cancellationToken);

    protected override Task<CommitPlan> CommitAsync(IReadOnlyList<WriteGroup> groups, CommitScope scope, CancellationToken cancellationToken) =>
        RunWritingAsync((groups, scope), static (store, q) => store.Commit(q.groups, q.scope), cancellationToken);

    private CommitPlan Commit(IReadOnlyList<WriteGroup> groups, CommitScope scope)
    {
        var commits = _commits ?? throw new InvalidOperationException("The store is not open.");
        Writer.Execute("BEGIN IMMEDIATE");
        try
        {
            var now = Clock.GetUtcNow();
            var nowMs = UnixTime.ToMs(now);
            var state = commits.Load(scope, nowMs);
            var merged = new MergedBytes();
            foreach (var merge in scope.Merges)
            {
                if (!merged.IsFull && state.Heads.TryGetValue(merge, out var head) && head.Lives(nowMs))
                {
                    using var row = Writer.Command(SelectCurrent + "AND r.key = @key").With("@ns", merge.NamespaceId).With("@key", merge.Key).ExecuteReader();
                    head.Record = row.Read() ? merged.Add(LogRows.Record(row)) : null;
                }
            }

            var plan = CommitPlan.Decide(groups, state, Secret, now, Limits);
            if (plan.WritesNothing)
            {
                Rollback();
                return plan;
            }

            _mayHoldErased |= plan.Erasures.Count > 0;
            commits.Write(plan, scope);
            Writer.Execute("COMMIT");
            return plan;
        }
        catch
        {
            Rollback();
            throw;
        }
    }

    private void Rollback()
    {
        // After some errors (disk full among them) SQLite has rolled back by itself.
        if (raw.sqlite3_get_autocommit(Writer.Connection.Handle) == 0)
        {
            Writer.Execute("ROLLBACK");
        }
    }

    private async Task<T> RunWritingAsync<TState, T>(TState state, Func<SqliteEngine, TState, T> work, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // The sync to disk blocks: it has a pool thread of its own, not the caller's.
            return await Task.Run(() => work(this, state), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (Translate(e) is { } meant)
        {
            LogFailure(e.Message);
            throw meant;
        }
        finally
        {
            _writing.Release();
        }
    }

    private SqliteSession Connect(string pragmas, Action<SqliteSession>? release)
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = pragmas;
            command.ExecuteNonQuery();
            return new SqliteSession(connection, release);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Return(SqliteSession session)
    {
        if (_disposed || _readers.Count >= PooledReaders)
        {
            session.Close();
            return;
        }

        _readers.Add(session);
    }

    private void LogFailure(string reason)
    {
        if (_logger is not null)
        {
            WriteFailed(_logger, reason);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "SQLite refused a write: {Reason}")]
    private static partial void WriteFailed(ILogger logger, string reason);
}
