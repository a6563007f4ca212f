using System.Data.Common;
using Npgsql;
using Sophia.Stores.Relational;

namespace Sophia.Stores.Postgres;

/// <summary>A pooled connection; Npgsql keeps the prepared statements of each physical one.</summary>
internal sealed class PostgresSession(NpgsqlConnection connection, int timeoutSeconds) : Session
{
    public override DbCommand Command(string sql) => new NpgsqlCommand(sql, connection) { CommandTimeout = timeoutSeconds };

    public override ValueTask DisposeAsync() => connection.DisposeAsync();
}
