using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Sophia.Snowflake.Local;

namespace Sophia.Snowflake.Connecting;

/// <summary>A session of the local engine. Not safe from several threads, as connections are.</summary>
internal sealed class LocalConnection(LocalSnowflakeDataSource source) : DbConnection
{
    private LocalSession? _session;

    [AllowNull]
    public override string ConnectionString
    {
        get => source.ConnectionString;
        set => throw new NotSupportedException("A connection of the local Snowflake is made by its data source.");
    }

    public override string Database => LocalSnowflake.Database;

    public override string DataSource => source.ConnectionString;

    public override string ServerVersion => "9.0.0";

    public override ConnectionState State => _session is null ? ConnectionState.Closed : ConnectionState.Open;

    internal LocalSession Session => _session ?? throw new InvalidOperationException("The connection is not open.");

    public override void ChangeDatabase(string databaseName) =>
        Session.ExecuteAsync($"USE DATABASE \"{databaseName.Replace("\"", "\"\"", StringComparison.Ordinal)}\"").GetAwaiter().GetResult();

    public override void Open() => _session ??= source.Engine.OpenSession();

    public override void Close()
    {
        _session?.Dispose();
        _session = null;
    }

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel)
    {
        if (isolationLevel is not (IsolationLevel.Unspecified or IsolationLevel.ReadCommitted))
        {
            throw new NotSupportedException($"Snowflake's transactions are ReadCommitted, not {isolationLevel}.");
        }

        Session.ExecuteAsync("BEGIN").GetAwaiter().GetResult();
        return new LocalTransaction(this, Session);
    }

    protected override DbCommand CreateDbCommand() => new LocalCommand { Connection = this };

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Close();
        }

        base.Dispose(disposing);
    }

    /// <summary>Undone when it is disposed before it was committed.</summary>
    private sealed class LocalTransaction(LocalConnection connection, LocalSession session) : DbTransaction
    {
        private bool _isOver;

        public override IsolationLevel IsolationLevel => IsolationLevel.ReadCommitted;

        protected override DbConnection DbConnection => connection;

        public override void Commit() => End("COMMIT");

        public override void Rollback() => End("ROLLBACK");

        protected override void Dispose(bool disposing)
        {
            if (disposing && !_isOver && connection.State == ConnectionState.Open)
            {
                Rollback();
            }

            base.Dispose(disposing);
        }

        private void End(string statement)
        {
            ObjectDisposedException.ThrowIf(_isOver, this);
            session.ExecuteAsync(statement).GetAwaiter().GetResult();
            _isOver = true;
        }
    }
}
