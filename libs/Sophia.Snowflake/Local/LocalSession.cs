using DuckDB.NET.Data;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.Snowflake.Local;

/// <summary>One session: schema, warehouse, role, parameters, a transaction. Safe from several threads, which wait for one another.</summary>
public sealed partial class LocalSession : IDisposable
{
    private readonly DuckDBConnection _connection;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<string, string> _parameters = new(StringComparer.OrdinalIgnoreCase);
    private readonly RemoteFunctions _remote;
    private readonly string _key = Guid.NewGuid().ToString("N");
    private volatile StatementCalls _calls = new("", CancellationToken.None);
    private readonly CancellationTokenSource _ending = new();
    private int _ended;
    private bool _inTransaction;

    internal LocalSession(DuckDBConnection connection, RemoteFunctions remote, string? schema, string? warehouse, string? role)
    {
        _connection = connection;
        _remote = remote;
        remote.Register(_key, () => _calls);
        Run($"SET VARIABLE sf_session = '{_key}'");
        (Warehouse, Role) = (warehouse?.ToUpperInvariant(), role?.ToUpperInvariant() ?? "PUBLIC");
        Schema = LocalSnowflake.DefaultSchema;
        SearchIn((schema is null ? null : Find(schema)) ?? Schema);
    }

    public string Schema { get; private set; }
    public string? Warehouse { get; private set; }
    public string Role { get; private set; }

    /// <summary>The statements of a text, each without its semicolon.</summary>
    public static IReadOnlyList<string> Split(string sql)
    {
        List<string> statements = [];
        List<SqlToken> current = [];
        foreach (var token in SqlLexer.Read(sql).Append(new(SqlTokenKind.Symbol, ";")))
        {
            if (!token.Is(";")) { current.Add(token); continue; }
            if (current.Exists(static t => t.Kind != SqlTokenKind.Space)) statements.Add(string.Concat(current.Select(static t => t.Text)));
            current.Clear();
        }
        return statements;
    }

    /// <summary>Runs one statement.</summary>
    /// <param name="binds">Sets of values for <c>?</c> or <c>:1</c>, all as long; more than one repeats an INSERT, UPDATE, DELETE or MERGE, all or nothing.</param>
    /// <param name="describeOnly">A query gives its columns and no rows; nothing else is run.</param>
    /// <exception cref="SnowflakeException">Snowflake's error; also for a cancelled statement.</exception>
    public async Task<LocalResult> ExecuteAsync(string sql, IReadOnlyList<object?[]>? binds = null, bool describeOnly = false, CancellationToken cancellationToken = default)
    {
        var rows = new RowList();
        var result = await ExecuteAsync(sql, rows, binds, describeOnly, cancellationToken).ConfigureAwait(false);
        return rows.Columns.Count > 0 ? result with { Columns = rows.Columns, Rows = rows.Rows } : result;
    }

    /// <summary>Runs one statement; the rows of a query go to <paramref name="rows"/> and not into the result.</summary>
    public async Task<LocalResult> ExecuteAsync(string sql, IRowSink rows, IReadOnlyList<object?[]>? binds = null, bool describeOnly = false, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_ended != 0, this);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
        var stop = ending.Token;
        try
        {
            await _turn.WaitAsync(stop).ConfigureAwait(false);
            try
            {
                _calls = new(Guid.NewGuid().ToString(), stop);
                // The engine blocks its thread while it works and while it waits for models and services: none of the pool's, which those need to answer.
                return await Task.Factory.StartNew(
                    () => Execute(sql, rows, binds is { Count: > 0 } ? binds : [[]], describeOnly, stop), stop, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { throw SnowflakeException.Cancelled(); }
        catch (DuckDBException error) { throw EngineErrors.From(error); }
    }

    private LocalResult Execute(string sql, IRowSink rows, IReadOnlyList<object?[]> binds, bool describeOnly, CancellationToken cancellationToken)
    {
        var tokens = SqlLexer.Read(sql);
        var code = tokens.Where(static t => t.Kind != SqlTokenKind.Space && !t.Is(";")).ToArray();
        if (code.Length == 0) throw new SnowflakeException("000900", "42601", "SQL compilation error: An empty SQL statement is not allowed.");
        var kind = StatementKind.Of(code);
        if (describeOnly && kind != StatementKind.Select) return LocalResult.Status(kind);
        switch (kind)
        {
            case StatementKind.Use: return Use(code);
            case StatementKind.AlterSession: return AlterSession(code);
            case StatementKind.Begin: return Transaction(kind, "BEGIN TRANSACTION", !_inTransaction, true);
            case StatementKind.Commit: return Transaction(kind, "COMMIT", _inTransaction, false);
            case StatementKind.Rollback: return Transaction(kind, "ROLLBACK", _inTransaction, false);
        }
        var (statement, state) = (tokens.Where(static t => !t.Is(";")).ToArray(), State());
        if (kind == StatementKind.Ddl && TableCopy.Of(statement, state) is { } copy)
        {
            CommitBefore(code[0]);
            return Copy(copy);
        }
        var (engine, wanted, doubled) = StatementReader.Read(statement, state, new FunctionCatalogue(Texts));
        if (binds.Any(row => row.Length < wanted) && !describeOnly)
            throw new SnowflakeException("002049", "42601", $"SQL compilation error:\nBind variable :{binds.Min(static r => r.Length) + 1} not set.");
        if (describeOnly) (engine, binds) = ($"SELECT * FROM ({engine}) LIMIT 0", [new object?[wanted]]);
        if (kind is StatementKind.Select or StatementKind.Show or StatementKind.Describe) return Query(engine, rows, binds[0].AsSpan(0, wanted), kind, cancellationToken);
        if (kind == StatementKind.Ddl) CommitBefore(code[0]);
        var changed = Change(engine, doubled, binds, wanted, cancellationToken);
        return kind switch
        {
            StatementKind.Insert => Counted(kind, "number of rows inserted", changed),
            StatementKind.Update => Counted(kind, "number of rows updated", changed),
            StatementKind.Delete => Counted(kind, "number of rows deleted", changed),
            StatementKind.Merge => Counted(kind, "number of rows affected", changed),
            _ => LocalResult.Status(kind),
        };
    }

    private LocalResult Query(string sql, IRowSink rows, ReadOnlySpan<object?> values, int kind, CancellationToken cancellationToken)
    {
        using var command = Command(sql, values);
        command.UseStreamingMode = true;
        using var stop = cancellationToken.Register(static c => ((DuckDBCommand)c!).Cancel(), command);
        cancellationToken.ThrowIfCancellationRequested();
        using var reader = command.ExecuteReader();
        var columns = ColumnTypes.Of(reader);
        rows.Begin(columns);
        var row = new object?[columns.Length];
        for (var read = 0; reader.Read(); read++)
        {
            if ((read & 1023) == 0) cancellationToken.ThrowIfCancellationRequested();
            for (var i = 0; i < row.Length; i++) row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
            rows.Add(row);
        }
        return new(columns, [], kind);
    }

    private DuckDBCommand Command(string sql, ReadOnlySpan<object?> values)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var value in values) command.Parameters.Add(new DuckDBParameter(value ?? DBNull.Value));
        return command;
    }

    // What makes or changes an object is a transaction of its own, and ends the one before it (docs.snowflake.com, "Transactions", DDL).
    private void CommitBefore(SqlToken statement)
    {
        if (_inTransaction && !statement.Is("TRUNCATE")) Transaction(StatementKind.Commit, "COMMIT", true, false);
    }

    private LocalResult Transaction(int kind, string sql, bool applies, bool open)
    {
        // Of a transaction in which a statement failed the engine takes COMMIT for a ROLLBACK and says nothing; any other statement it refuses.
        if (applies && kind == StatementKind.Commit) Run("SELECT 1");
        if (applies) Run(sql);
        _inTransaction = open;
        return LocalResult.Status(kind);
    }
}
