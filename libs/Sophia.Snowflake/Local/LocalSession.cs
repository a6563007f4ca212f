using DuckDB.NET.Data;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.Snowflake.Local;

/// <summary>One session: schema, warehouse, role, parameters, a transaction. Safe from several threads, which wait for one another.</summary>
public sealed class LocalSession : IDisposable
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
        SearchIn(schema is not null && Exists(schema.ToUpperInvariant()) ? schema.ToUpperInvariant() : Schema);
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
        if (kind == StatementKind.Ddl && TableCopy.Of(statement, state) is { } copy) return Copy(copy);
        var (engine, wanted) = StatementReader.Read(statement, state, new FunctionCatalogue(Texts));
        if (binds.Any(row => row.Length < wanted) && !describeOnly)
            throw new SnowflakeException("002049", "42601", $"SQL compilation error:\nBind variable :{binds.Min(static r => r.Length) + 1} not set.");
        if (describeOnly) (engine, binds) = ($"SELECT * FROM ({engine}) LIMIT 0", [new object?[wanted]]);
        if (kind is StatementKind.Select or StatementKind.Show or StatementKind.Describe) return Query(engine, rows, binds[0].AsSpan(0, wanted), kind, cancellationToken);
        var changed = Change(engine, binds, wanted, cancellationToken);
        return kind switch
        {
            StatementKind.Insert => Counted(kind, "number of rows inserted", changed),
            StatementKind.Update => Counted(kind, "number of rows updated", changed),
            StatementKind.Delete => Counted(kind, "number of rows deleted", changed),
            StatementKind.Merge => Counted(kind, "number of rows affected", changed),
            _ => LocalResult.Status(kind),
        };
    }

    // A table is made by the words in which the engine remembers the other one.
    private LocalResult Copy(TableCopy copy)
    {
        object?[] place = [copy.Source[^1], copy.Source.Count > 1 ? copy.Source[^2] : Schema];
        using var known = Command("SELECT sql FROM duckdb_tables() WHERE table_name = $1 AND ((database_name = 'SOPHIA' AND schema_name = $2) OR temporary) ORDER BY temporary DESC LIMIT 1", place);
        if (known.ExecuteScalar() is not string made) throw new SnowflakeException("002003", "42S02", $"SQL compilation error:\nObject '{string.Join('.', copy.Source)}' does not exist or not authorized.");
        if (copy.IfMissing && IsThere(copy.Target)) return LocalResult.Status(StatementKind.Ddl);
        var own = !_inTransaction;
        if (own) Run("BEGIN TRANSACTION");
        try
        {
            Run(copy.Head + made[made.IndexOf('(', StringComparison.Ordinal)..]);
            if (copy.WithRows) Run($"INSERT INTO {copy.Target} SELECT * FROM {SqlNames.Quoted(copy.Source)}");
            if (own) Run("COMMIT");
        }
        catch when (own)
        {
            Run("ROLLBACK");
            throw;
        }
        return LocalResult.Status(StatementKind.Ddl);
    }

    private bool IsThere(string table)
    {
        try
        {
            Run($"DESCRIBE {table}");
            return true;
        }
        catch (DuckDBException error) when (error.Message.StartsWith("Catalog", StringComparison.Ordinal)) { return false; }
    }

    private static LocalResult Counted(int kind, string name, long count) => new([new(name, "fixed", 19)], [[count]], kind);

    private Dictionary<string, string?> State() => new(StringComparer.Ordinal)
    {
        ["CURRENT_DATABASE"] = LocalSnowflake.Database, ["CURRENT_SCHEMA"] = Schema, ["CURRENT_WAREHOUSE"] = Warehouse, ["CURRENT_ROLE"] = Role, ["CURRENT_VERSION"] = "9.0.0",
    };

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

    private long Change(string sql, IReadOnlyList<object?[]> binds, int wanted, CancellationToken cancellationToken)
    {
        var own = binds.Count > 1 && !_inTransaction;
        if (own) Run("BEGIN TRANSACTION");
        try
        {
            long changed = 0;
            if (BulkInsert.StageOf(sql, binds, ColumnsOfStage) is { } stage)
            {
                StageAppender.Append(_connection, stage.Table, stage.Columns, binds, cancellationToken);
                changed = binds.Count;
            }
            else if (BulkInsert.Of(sql, binds) is { } bulk)
            {
                for (var from = 0; from < binds.Count; from += BulkInsert.Rows)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    using var insert = Command(bulk, BulkInsert.Lists(binds, from, Math.Min(BulkInsert.Rows, binds.Count - from), wanted));
                    changed += Math.Max(0, insert.ExecuteNonQuery());
                }
            }
            else foreach (var values in binds)
            {
                using var command = Command(sql, values.AsSpan(0, wanted));
                using var stop = cancellationToken.Register(static c => ((DuckDBCommand)c!).Cancel(), command);
                cancellationToken.ThrowIfCancellationRequested();
                changed += Math.Max(0, command.ExecuteNonQuery());
            }
            if (own) Run("COMMIT");
            return changed;
        }
        catch when (own)
        {
            Run("ROLLBACK");
            throw;
        }
    }

    // None unless all of its columns are texts or vectors of FLOAT.
    private IReadOnlyList<StageAppender.Column> ColumnsOfStage(string table)
    {
        using var command = Command("SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'temp' AND table_name = $1 ORDER BY column_index", [table]);
        using var reader = command.ExecuteReader();
        List<StageAppender.Column> columns = [];
        while (reader.Read())
        {
            var type = reader.GetString(1);
            var elements = type.StartsWith("FLOAT[", StringComparison.Ordinal) && int.TryParse(type.AsSpan(6, type.Length - 7), System.Globalization.CultureInfo.InvariantCulture, out var length) ? length : 0;
            if (type != "VARCHAR" && elements == 0) return [];
            columns.Add(new(reader.GetString(0), elements));
        }
        return columns;
    }

    private DuckDBCommand Command(string sql, ReadOnlySpan<object?> values)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var value in values) command.Parameters.Add(new DuckDBParameter(value ?? DBNull.Value));
        return command;
    }

    private LocalResult Transaction(int kind, string sql, bool applies, bool open)
    {
        if (applies) Run(sql);
        _inTransaction = open;
        return LocalResult.Status(kind);
    }

    private LocalResult Use(SqlToken[] code)
    {
        var names = code.Skip(1).Where(static t => !t.Is(".")).Select(static t => t.Kind == SqlTokenKind.QuotedName ? t.Text[1..^1] : t.Text.ToUpperInvariant()).ToArray();
        switch (names)
        {
            case ["WAREHOUSE", var warehouse]: Warehouse = warehouse; break;
            case ["ROLE", var role]: Role = role; break;
            case ["DATABASE", LocalSnowflake.Database] or [LocalSnowflake.Database]: SearchIn(LocalSnowflake.DefaultSchema); break;
            case ["SCHEMA", LocalSnowflake.Database, var schema]: SearchIn(Known(schema)); break;
            case ["SCHEMA", var schema]: SearchIn(Known(schema)); break;
            case [LocalSnowflake.Database, var schema]: SearchIn(Known(schema)); break;
            default: throw new SnowflakeException("002043", "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed.");
        }
        return LocalResult.Status(StatementKind.Use);
    }

    private LocalResult AlterSession(SqlToken[] code)
    {
        if (code.Length < 6 || !code[2].Is("SET")) throw SnowflakeException.Unsupported("ALTER SESSION without SET");
        for (var i = 3; i + 2 < code.Length; i += 3)
        {
            if (!code[i + 1].Is("=")) throw SnowflakeException.Syntax($"syntax error: = is missing behind {code[i].Text}.");
            if (code[i].Is("AUTOCOMMIT") && !code[i + 2].Is("TRUE")) throw SnowflakeException.Unsupported("AUTOCOMMIT = FALSE");
            _parameters[code[i].Text.ToUpperInvariant()] = code[i + 2].Text.Trim('\'');
            if (i + 3 < code.Length && code[i + 3].Is(",")) i++;
        }
        return LocalResult.Status(StatementKind.AlterSession);
    }

    /// <summary>What ALTER SESSION SET gave a parameter, or null.</summary>
    public string? Parameter(string name)
    {
        _parameters.TryGetValue(name, out var value);
        return value;
    }

    private string Known(string schema) => Exists(schema) ? schema : throw new SnowflakeException("002043", "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed.");

    private bool Exists(string schema)
    {
        using var command = Command("SELECT count(*) FROM duckdb_schemas() WHERE database_name = $1 AND upper(schema_name) = $2", [LocalSnowflake.Database, schema]);
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture) > 0;
    }

    // The macros stand in memory.main.
    private void SearchIn(string schema)
    {
        Run($"SET search_path='{LocalSnowflake.Database}.\"{schema.Replace("\"", "\"\"", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}\",memory.main'");
        Schema = schema;
    }

    private void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private List<string> Texts(string sql)
    {
        using var command = Command(sql, []);
        using var reader = command.ExecuteReader();
        List<string> texts = [];
        while (reader.Read()) texts.Add(reader.GetString(0));
        return texts;
    }

    /// <summary>Ends the session; a statement that is under way is cancelled first.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0) return;
        _ending.Cancel();
        _turn.Wait();
        _remote.Unregister(_key);
        _connection.Dispose();
        _turn.Dispose();
        _ending.Dispose();
    }
}
