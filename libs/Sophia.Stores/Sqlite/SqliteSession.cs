using System.Data.Common;
using Microsoft.Data.Sqlite;
using Sophia.Stores.Relational;

namespace Sophia.Stores.Sqlite;

/// <summary>A connection with the statements that it has prepared; goes back to its pool when disposed.</summary>
internal sealed class SqliteSession(SqliteConnection connection, Action<SqliteSession>? release) : Session
{
    private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

    public SqliteConnection Connection => connection;

    public override DbCommand Command(string sql)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            _commands.Add(sql, command);
        }

        command.Parameters.Clear();
        return command;
    }

    public void Execute(string sql) => Command(sql).ExecuteNonQuery();

    public override ValueTask DisposeAsync()
    {
        release?.Invoke(this);
        return ValueTask.CompletedTask;
    }

    public void Close()
    {
        foreach (var command in _commands.Values)
        {
            command.Dispose();
        }

        connection.Dispose();
    }
}
