using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace Sophia.Bench.Writes;

/// <summary>The limit on SQLite: the rows of a write and nothing else, from one thread that has the file to itself.</summary>
internal static class PrototypeOnSqlite
{
    public static double PerSecond(string folder, EnglishText text, int batch, TimeSpan window)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "prototype.db")};Pooling=False");
        connection.Open();
        Execute(connection, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536");
        Execute(connection, "CREATE TABLE content (id INTEGER PRIMARY KEY, text BLOB) STRICT");
        Execute(connection, "CREATE TABLE log (part INTEGER, seq INTEGER, key TEXT, content INTEGER, at INTEGER, PRIMARY KEY (part, seq)) STRICT, WITHOUT ROWID");
        Execute(connection, "CREATE TABLE record (ns INTEGER, key TEXT, seq INTEGER, content INTEGER, PRIMARY KEY (ns, key)) STRICT, WITHOUT ROWID");
        using var content = Command(connection, "INSERT INTO content VALUES ($seq, $text)", "$seq", "$text");
        using var log = Command(connection, "INSERT INTO log VALUES (1, $seq, $key, $seq, 1)", "$seq", "$key");
        using var record = Command(connection, "INSERT INTO record VALUES (1, $key, $seq, $seq)", "$seq", "$key");
        long sequence = 0;
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < window)
        {
            using var transaction = connection.BeginTransaction();
            (content.Transaction, log.Transaction, record.Transaction) = (transaction, transaction, transaction);
            for (var i = 0; i < batch; i++)
            {
                var key = $"batch-{++sequence:D12}";
                Insert(content, sequence, text.Slice(sequence).ToArray());
                Insert(log, sequence, key);
                Insert(record, sequence, key);
            }

            transaction.Commit();
        }

        return sequence / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static void Insert(SqliteCommand command, long sequence, object value)
    {
        command.Parameters[0].Value = sequence;
        command.Parameters[1].Value = value;
        command.ExecuteNonQuery();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params string[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in parameters)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = name, Value = 0L });
        }

        return command;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
