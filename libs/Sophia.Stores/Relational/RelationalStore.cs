using System.Data.Common;
using System.Security.Cryptography;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Relational;

/// <summary>
/// L3 over System.Data.Common. What is said here is the same for every engine; an engine adds its connections, its
/// schema, the bulk writing of a commit and the meaning of its errors.
/// </summary>
internal abstract partial class RelationalStore(TimeProvider clock, RecordLimits? limits = null) : IRecordStore
{
    private byte[]? _secret;

    public abstract string Engine { get; }

    public abstract bool IsShared { get; }

    public virtual int CommitsAtOnce => 1;

    public ReadOnlyMemory<byte> Secret => _secret ?? throw new InvalidOperationException("The store is not open yet.");

    protected TimeProvider Clock => clock;

    /// <summary>What a merge must keep, although both of its sides kept it.</summary>
    protected RecordLimits Limits { get; } = limits ?? new RecordLimits();

    protected abstract IReadOnlyList<Migration> Migrations { get; }

    /// <summary>Run first in the transaction of the migrations, so that one process at a time has it; null where every transaction is alone.</summary>
    protected abstract string? MigrationLock { get; }

    /// <summary>The word for a join whose left side is walked, in its order, and whose right side is looked up; an engine that finds this by itself needs none.</summary>
    protected virtual string JoinInOrder => "JOIN";

    /// <summary>A connection for reading.</summary>
    protected abstract ValueTask<Session> RentAsync(CancellationToken cancellationToken);

    /// <summary>A select of the values of a parameter that <see cref="Set(IReadOnlyCollection{string})"/> made.</summary>
    protected abstract string ValuesOf(string parameter);

    protected abstract object Set(IReadOnlyCollection<string> values);

    protected abstract object Set(IReadOnlyCollection<long> values);

    /// <summary>What a driver's exception means to callers of the store; null when it is none of theirs.</summary>
    protected abstract Exception? Translate(Exception exception);

    /// <summary>Runs the statements in one transaction, which is durable when the task completes.</summary>
    protected abstract Task<T> TransactAsync<TState, T>(
        TState state, Func<Session, TState, CancellationToken, Task<T>> statements, CancellationToken cancellationToken);

    /// <summary>Locks, looks up, decides and writes.</summary>
    protected abstract Task<CommitPlan> CommitAsync(IReadOnlyList<WriteGroup> groups, CommitScope scope, CancellationToken cancellationToken);

    public virtual async Task OpenAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(this, static async (session, store, ct) =>
        {
            if (store.MigrationLock is { } statement)
            {
                await session.Command(statement).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            }

            await SchemaMigrations.ApplyAsync(session, store.Migrations, store.Clock.GetUtcNow(), ct).ConfigureAwait(false);
            await session.Command("INSERT INTO meta (name, value) VALUES ('secret', @value) ON CONFLICT (name) DO NOTHING")
                .With("@value", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)))
                .ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            store._secret = Convert.FromHexString((string)(await session
                .Command("SELECT value FROM meta WHERE name = 'secret'").ExecuteScalarAsync(ct).ConfigureAwait(false))!);
            return 0;
        }, cancellationToken).ConfigureAwait(false);
    }

    public Task PingAsync(CancellationToken cancellationToken) => ReadAsync(0, static async (session, _, ct) =>
        await session.Command("SELECT 1").ExecuteScalarAsync(ct).ConfigureAwait(false), cancellationToken);

    public async Task<IReadOnlyList<WriteOutcome>> CommitAsync(IReadOnlyList<WriteGroup> groups, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(groups);
        try
        {
            var plan = await CommitAsync(groups, CommitScope.Of(groups), cancellationToken).ConfigureAwait(false);
            foreach (var (group, appends) in plan.Replays)
            {
                plan.Outcomes[group] = await WithAppendedKeysAsync(plan.Outcomes[group], appends, cancellationToken).ConfigureAwait(false);
            }

            return plan.Outcomes;
        }
        catch (Exception e) when (Translate(e) is { } meant)
        {
            throw meant;
        }
    }

    public abstract Task<IReadOnlyList<string>> SettleErasureAsync(CancellationToken cancellationToken);

    public abstract Task<long?> SizeAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    protected async Task<T> ReadAsync<TState, T>(
        TState state, Func<Session, TState, CancellationToken, Task<T>> query, CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await RentAsync(cancellationToken).ConfigureAwait(false);
            return await query(session, state, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (Translate(e) is { } meant)
        {
            throw meant;
        }
    }

    protected async Task<T> WriteAsync<TState, T>(
        TState state, Func<Session, TState, CancellationToken, Task<T>> statements, CancellationToken cancellationToken)
    {
        try
        {
            return await TransactAsync(state, statements, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (Translate(e) is { } meant)
        {
            throw meant;
        }
    }

    protected static async Task<List<T>> ListAsync<T>(DbCommand command, Func<DbDataReader, T> row, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        await command.PrepareAsync(cancellationToken).ConfigureAwait(false); // once per connection and statement
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    /// <summary>As <see cref="ListAsync{T}"/>, and no further than until the rows have <see cref="RowPage.MostBytes"/>.</summary>
    /// <param name="limit">Rows that the command gives at most.</param>
    /// <param name="size">Bytes of a row.</param>
    private static async Task<RowPage<T>> PageAsync<T>(
        DbCommand command, int limit, Func<DbDataReader, T> row, Func<T, long> size, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        var bytes = 0L;
        await command.PrepareAsync(cancellationToken).ConfigureAwait(false);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            rows.Add(row(reader));
            bytes += size(rows[^1]);
            if (bytes >= RowPage.MostBytes && rows.Count < limit)
            {
                return new RowPage<T>(rows, isCut: true);
            }
        }

        return new RowPage<T>(rows, isCut: false);
    }

    private static Task<RowPage<MemoryRecord>> RecordsAsync(DbCommand command, int limit, CancellationToken cancellationToken) =>
        PageAsync(command, limit, LogRows.Record, static record => RowPage.SizeOf(record), cancellationToken);

    private static Task<RowPage<LogEntry>> EntriesAsync(DbCommand command, int limit, CancellationToken cancellationToken) =>
        PageAsync(command, limit, LogRows.Entry, static entry => RowPage.SizeOf(entry), cancellationToken);

    protected static async Task<T?> FirstAsync<T>(DbCommand command, Func<DbDataReader, T> row, CancellationToken cancellationToken)
        where T : class
    {
        await command.PrepareAsync(cancellationToken).ConfigureAwait(false);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? row(reader) : null;
    }

    private protected static long FirstOf(int partition) => Sequence.Of(partition, 0).Value;

    /// <summary>Behind every row of the partition.</summary>
    private static long EndOf(int partition) => FirstOf(partition) + (1L << 48);
}
