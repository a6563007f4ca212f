using Npgsql;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Stores.Relational;

namespace Sophia.Stores.Postgres;

/// <summary>L3 in PostgreSQL, shared by any number of processes: the partition's row is the lock that orders its log.</summary>
internal sealed class PostgresEngine(NpgsqlDataSource source, TimeProvider clock, RecordLimits? limits = null) : RelationalStore(clock, limits)
{
    private const int TimeoutSeconds = 5;
    private const int Attempts = 4;

    // PostgreSQL knows nothing of a table that fills up until autovacuum comes by, a minute later, and until then sorts a whole
    // namespace for each page of a listing (338 ms instead of 31 ms at 50,000 records). So it is told, at each doubling.
    private const int FirstAnalysis = 1_000;
    // A tenth of the rows that it looks at by default says as much of keys and sizes; all of them took 6 % of two cores under load.
    private const string Analyze = "BEGIN; SET LOCAL default_statistics_target = 10; ANALYZE records, log, contents; COMMIT";

    // After a guess that was wrong, so many commits are looked up first; twice as many each time that the next is wrong too.
    private const int MostUnguessed = 64;

    private int _unguessed;
    private int _unguessedNext = 1;
    private string _engine = "PostgreSQL";
    private long _written;
    private long _analyzeAt = FirstAnalysis;
    private Task _analyzing = Task.CompletedTask;

    public override string Engine => _engine;

    public override bool IsShared => true;

    /// <summary>While one is in the database, the next is put into rows and sent.</summary>
    public override int CommitsAtOnce => 2;

    protected override IReadOnlyList<Migration> Migrations => PostgresSchema.Migrations;

    // The number is arbitrary, but must stay what it is; the lock goes with the transaction.
    protected override string? MigrationLock => "SELECT pg_advisory_xact_lock(91748172261729)";

    public override async Task OpenAsync(CancellationToken cancellationToken)
    {
        await base.OpenAsync(cancellationToken).ConfigureAwait(false);
        _engine = "PostgreSQL " + await ReadAsync(0, static async (session, _, ct) => (string)(await session
            .Command("SELECT split_part(current_setting('server_version'), ' ', 1) || ' (synchronous_commit=' || current_setting('synchronous_commit') || ')'")
            .ExecuteScalarAsync(ct).ConfigureAwait(false))!, cancellationToken).ConfigureAwait(false);
    }

    public override Task<IReadOnlyList<string>> SettleErasureAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>(
        [
            "PostgreSQL's own tables: erased rows stay in their pages, unreachable, until autovacuum or VACUUM and later writes overwrite them.",
            "PostgreSQL's write-ahead log, until its segments are recycled, and its replicas and archives of it.",
            "Backups of the database that were made before, until their retention ends.",
        ]);

    public override Task<long?> SizeAsync(CancellationToken cancellationToken) => ReadAsync(0, static async (session, _, ct) =>
        (long?)await session.Command("SELECT pg_database_size(current_database())").ExecuteScalarAsync(ct).ConfigureAwait(false), cancellationToken);

    /// <summary>The data source belongs to whoever made it.</summary>
    public override async ValueTask DisposeAsync() => await Volatile.Read(ref _analyzing).ConfigureAwait(false);

    protected override async ValueTask<Session> RentAsync(CancellationToken cancellationToken) =>
        new PostgresSession(await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false), TimeoutSeconds);

    protected override string ValuesOf(string parameter) => $"SELECT unnest({parameter})";

    protected override object Set(IReadOnlyCollection<string> values) => values.ToArray();

    protected override object Set(IReadOnlyCollection<long> values) => values.ToArray();

    protected override Exception? Translate(Exception exception) => PostgresErrors.Translate(exception);

    protected override async Task<T> TransactAsync<TState, T>(
        TState state, Func<Session, TState, CancellationToken, Task<T>> statements, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        var result = await statements(new PostgresSession(connection, TimeoutSeconds), state, cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        return result;
    }

    protected override async Task<CommitPlan> CommitAsync(
        IReadOnlyList<WriteGroup> groups, CommitScope scope, CancellationToken cancellationToken)
    {
        if (PostgresCommit.MayBeFresh(scope) && Interlocked.Decrement(ref _unguessed) < 0 &&
            await CommitFreshAsync(groups, scope, cancellationToken).ConfigureAwait(false) is { } fresh)
        {
            return fresh;
        }

        for (var attempt = 1; ; attempt++)
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                // From here on nothing is cancelled: a commit whose fate is unknown is worse than a late one.
                var plan = await AttemptAsync(connection, groups, scope).ConfigureAwait(false);
                AnalyzeAfter(plan.Entries.Count);
                return plan;
            }
            catch (PostgresException e) when (PostgresErrors.IsRace(e) && attempt < Attempts)
            {
                // Closing the connection rolls back; the next attempt reads anew what the other commit left.
            }
        }
    }

    /// <summary>Null when a key was there already, so that nothing was done.</summary>
    private async Task<CommitPlan?> CommitFreshAsync(IReadOnlyList<WriteGroup> groups, CommitScope scope, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        // After a wait for a connection: what is recorded from before would change answers already given as of then.
        var now = Clock.GetUtcNow();
        var plan = CommitPlan.Decide(groups, new CommitState(), Secret, now, Limits);
        try
        {
            await PostgresCommit.WriteFreshAsync(connection, plan, scope, UnixTime.ToMs(now), TimeoutSeconds).ConfigureAwait(false);
            Volatile.Write(ref _unguessed, 0);
            Volatile.Write(ref _unguessedNext, 1);
            AnalyzeAfter(plan.Entries.Count);
            return plan;
        }
        catch (PostgresException e) when (PostgresErrors.IsRace(e) || PostgresCommit.IsKnownKey(e))
        {
            Volatile.Write(ref _unguessed, _unguessedNext);
            Volatile.Write(ref _unguessedNext, Math.Min(_unguessedNext * 2, MostUnguessed));
            return null;
        }
    }

    private void AnalyzeAfter(int written)
    {
        var at = Volatile.Read(ref _analyzeAt);
        if (Interlocked.Add(ref _written, written) >= at && Interlocked.CompareExchange(ref _analyzeAt, at * 2, at) == at)
        {
            var last = Volatile.Read(ref _analyzing);
            Volatile.Write(ref _analyzing, Task.Run(() => AnalyzeAsync(last)));
        }
    }

    private async Task AnalyzeAsync(Task last)
    {
        await last.ConfigureAwait(false);
        try
        {
            await ReadAsync(0, static (session, _, ct) => session.Command(Analyze).ExecuteNonQueryAsync(ct), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreFullException or PostgresException)
        {
            // Plans stay as they are until the next doubling, or until autovacuum does the same.
        }
    }

    private async Task<CommitPlan> AttemptAsync(NpgsqlConnection connection, IReadOnlyList<WriteGroup> groups, CommitScope scope)
    {
        var now = Clock.GetUtcNow();
        var state = await PostgresCommit.LoadAsync(connection, scope, UnixTime.ToMs(now), TimeoutSeconds).ConfigureAwait(false);
        // The locks may have been waited for: what is recorded from before the wait would change answers already given as of then.
        now = Clock.GetUtcNow();
        var plan = CommitPlan.Decide(groups, state, Secret, now, Limits);
        if (plan.WritesNothing)
        {
            await using var rollback = new NpgsqlCommand("ROLLBACK", connection) { CommandTimeout = TimeoutSeconds };
            await rollback.ExecuteNonQueryAsync().ConfigureAwait(false);
            return plan;
        }

        await PostgresCommit.WriteAsync(connection, plan, scope, UnixTime.ToMs(now), TimeoutSeconds).ConfigureAwait(false);
        return plan;
    }
}
