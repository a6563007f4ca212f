using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Sophia.Snowflake.Connecting;

namespace Sophia.Snowflake.Tests.Mirror;

/// <summary>What Snowflake's driver throws when it cannot do something.</summary>
internal sealed class DriverException(string message, string sqlState = "08006") : DbException(message)
{
    public override string SqlState => sqlState;
}

/// <summary>A Snowflake beyond the process's edge: the local engine, behind a line that can be cut, slow, or answer with errors, as the driver would say it.</summary>
/// <param name="account">What is at the line's other end; null for the engine itself, without a driver.</param>
internal sealed class FaultySnowflake(DbDataSource? account = null) : DbDataSource, IVectorBinding
{
    private readonly DbDataSource _inner = account ?? new LocalSnowflakeDataSource();

    /// <summary>Runs before a log-in; may throw.</summary>
    public Action? OnLogin { get; set; }

    /// <summary>Runs before a statement; may throw, or never end.</summary>
    public Func<string, CancellationToken, Task>? OnStatement { get; set; }

    /// <summary>Answers SNOWFLAKE.CORTEX.COMPLETE, of which the local engine has none: model, history and options as JSON.</summary>
    public Func<string, string, string, string?>? Complete { get; set; }

    /// <summary>A driver takes no vectors.</summary>
    public bool BindsVectors => account is null;

    public int Logins;

    /// <summary>Every statement and every bound value that left the process.</summary>
    public ConcurrentQueue<string> Wire { get; } = new();

    public override string ConnectionString => "faulty";

    /// <summary>Without faults: what is really there.</summary>
    public DbDataSource Inside => _inner;

    protected override DbConnection CreateDbConnection() => new Line(this, _inner.CreateConnection());

    // What is inside is the account: it outlives the service that closes its data source.

    public async Task<List<object?[]>> QueryAsync(string sql)
    {
        await using var connection = await _inner.OpenConnectionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync();
        List<object?[]> rows = [];
        while (await reader.ReadAsync())
        {
            var row = new object?[reader.FieldCount];
            reader.GetValues(row!);
            rows.Add(row);
        }

        return rows;
    }

    private sealed class Line(FaultySnowflake owner, DbConnection inner) : DbConnection
    {
        [AllowNull]
        public override string ConnectionString { get => owner.ConnectionString; set => throw new NotSupportedException(); }

        public override string Database => inner.Database;

        public override string DataSource => inner.DataSource;

        public override string ServerVersion => inner.ServerVersion;

        public override ConnectionState State => inner.State;

        public override void ChangeDatabase(string databaseName) => inner.ChangeDatabase(databaseName);

        public override void Close() => inner.Close();

        public override void Open()
        {
            Interlocked.Increment(ref owner.Logins);
            owner.OnLogin?.Invoke();
            inner.Open();
        }

        protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => throw new NotSupportedException();

        protected override DbCommand CreateDbCommand() => new Statement(owner, inner.CreateCommand());

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class Statement(FaultySnowflake owner, DbCommand inner) : DbCommand
    {
        [AllowNull]
        public override string CommandText { get => inner.CommandText; set => inner.CommandText = value; }

        public override int CommandTimeout { get => inner.CommandTimeout; set => inner.CommandTimeout = value; }

        public override CommandType CommandType { get => inner.CommandType; set => inner.CommandType = value; }

        public override bool DesignTimeVisible { get; set; }

        public override UpdateRowSource UpdatedRowSource { get; set; }

        protected override DbConnection? DbConnection { get; set; }

        protected override DbParameterCollection DbParameterCollection => inner.Parameters;

        protected override DbTransaction? DbTransaction { get; set; }

        public override void Cancel() => inner.Cancel();

        public override int ExecuteNonQuery() => throw new NotSupportedException();

        public override object? ExecuteScalar() => throw new NotSupportedException();

        public override void Prepare() => inner.Prepare();

        public override async Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken)
        {
            await SendAsync(cancellationToken);
            return await inner.ExecuteNonQueryAsync(cancellationToken);
        }

        protected override DbParameter CreateDbParameter() => inner.CreateParameter();

        protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => throw new NotSupportedException();

        protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken)
        {
            await SendAsync(cancellationToken);
            if (CommandText.Contains("SNOWFLAKE.CORTEX.COMPLETE", StringComparison.Ordinal) && owner.Complete is { } complete)
            {
                using var table = new DataTable();
                table.Columns.Add("ANSWER", typeof(string));
                table.Rows.Add(complete((string)inner.Parameters[0].Value!, (string)inner.Parameters[1].Value!, (string)inner.Parameters[2].Value!));
                return table.CreateDataReader();
            }

            return await inner.ExecuteReaderAsync(behavior, cancellationToken);
        }

        private async Task SendAsync(CancellationToken cancellationToken)
        {
            if (owner.OnStatement is { } fault)
            {
                await fault(CommandText, cancellationToken);
            }

            owner.Wire.Enqueue(CommandText);
            foreach (DbParameter parameter in inner.Parameters)
            {
                foreach (var value in parameter.Value as object?[] ?? [parameter.Value])
                {
                    owner.Wire.Enqueue(value?.ToString() ?? "");
                }
            }
        }
    }
}
