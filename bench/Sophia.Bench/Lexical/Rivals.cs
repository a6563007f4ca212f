using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;

namespace Sophia.Bench.Lexical;

/// <summary>The same records and questions in SQLite's FTS5 (Porter stemming, BM25) and in PostgreSQL (English, GIN, ts_rank).</summary>
internal static class Rivals
{
    public static SqliteConnection Fts5(string folder, string[] records)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "fts5.db")};Pooling=False");
        connection.Open();
        Run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576");
        Run("CREATE VIRTUAL TABLE d USING fts5(t, content='', tokenize='porter unicode61')");
        using (var transaction = connection.BeginTransaction())
        {
            using var insert = connection.CreateCommand();
            insert.Transaction = transaction;
            insert.CommandText = "INSERT INTO d(rowid, t) VALUES ($id, $t)";
            var (id, text) = (insert.Parameters.Add("$id", SqliteType.Integer), insert.Parameters.Add("$t", SqliteType.Text));
            insert.Prepare();
            for (var i = 0; i < records.Length; i++)
            {
                (id.Value, text.Value) = (i, records[i]);
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        Run("INSERT INTO d(d) VALUES ('optimize')");
        return connection;

        void Run(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }

    public static int Ask(SqliteConnection connection, string[] words)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT rowid FROM d WHERE d MATCH $q ORDER BY rank LIMIT 10";
        command.Parameters.AddWithValue("$q", string.Join(" OR ", words));
        using var reader = command.ExecuteReader();
        var hits = 0;
        while (reader.Read())
        {
            hits++;
        }

        return hits;
    }

    public static async Task<NpgsqlConnection> PostgresAsync(string connectionString, string[] records)
    {
        var connection = new NpgsqlConnection(connectionString + ";Command Timeout=300");
        await connection.OpenAsync();
        await RunAsync("CREATE UNLOGGED TABLE raw (id int, t text); SET maintenance_work_mem = '1GB'; SET max_parallel_workers_per_gather = 0");
        await using (var copy = await connection.BeginBinaryImportAsync("COPY raw FROM STDIN (FORMAT BINARY)"))
        {
            for (var i = 0; i < records.Length; i++)
            {
                await copy.StartRowAsync();
                await copy.WriteAsync(i, NpgsqlDbType.Integer);
                await copy.WriteAsync(records[i], NpgsqlDbType.Text);
            }

            await copy.CompleteAsync();
        }

        await RunAsync("CREATE UNLOGGED TABLE d AS SELECT id, to_tsvector('english', t) AS ts FROM raw; CREATE INDEX ON d USING gin (ts)");
        await RunAsync("VACUUM ANALYZE d");
        return connection;

        async Task RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    public static async Task<int> AskAsync(NpgsqlConnection connection, string[] words)
    {
        await using var command = new NpgsqlCommand(
            "SELECT id FROM d, to_tsquery('english', $1) AS q WHERE ts @@ q ORDER BY ts_rank(ts, q) DESC LIMIT 10", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = string.Join(" | ", words) });
        await using var reader = await command.ExecuteReaderAsync();
        var hits = 0;
        while (await reader.ReadAsync())
        {
            hits++;
        }

        return hits;
    }
}
