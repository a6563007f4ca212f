using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Sophia.Bench.Writes;

/// <summary>The limit on PostgreSQL: the rows of a write under the lock of one partition, one round trip a transaction.</summary>
internal static class PrototypeOnPostgres
{
    private const string Schema =
        """
        CREATE TABLE part (id int PRIMARY KEY, last bigint NOT NULL);
        INSERT INTO part VALUES (1, 0);
        CREATE TABLE content (id bigint PRIMARY KEY, text bytea);
        CREATE TABLE log (part int, seq bigint, key text, content bigint, at timestamptz, PRIMARY KEY (part, seq));
        CREATE TABLE record (ns bigint, key text COLLATE "C", seq bigint, content bigint, PRIMARY KEY (ns, key))
        """;

    private const string Insert =
        """
        WITH taken AS (UPDATE part SET last = last + $3 WHERE id = 1 RETURNING last - $3 AS base),
        given AS (SELECT base + n AS seq, k, t FROM taken, unnest($1, $2) WITH ORDINALITY AS u (k, t, n)),
        contents AS (INSERT INTO content SELECT seq, t FROM given),
        entries AS (INSERT INTO log SELECT 1, seq, k, seq, now() FROM given)
        INSERT INTO record SELECT 1, k, seq, seq FROM given
        """;

    public static async Task<double> PerSecondAsync(string connectionString, EnglishText text, int batch, int connections, TimeSpan window)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using (var schema = source.CreateCommand(Schema))
        {
            await schema.ExecuteNonQueryAsync();
        }

        long written = 0;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async client =>
        {
            await using var connection = await source.OpenConnectionAsync();
            await using var command = new NpgsqlCommand(Insert, connection);
            var (keys, texts) = (new string[batch], new byte[batch][]);
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = keys, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
            command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = texts, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = batch });
            await command.PrepareAsync();
            for (long number = client; Stopwatch.GetElapsedTime(started) < window;)
            {
                for (var i = 0; i < batch; i++, number += connections)
                {
                    keys[i] = $"batch-{number:D12}";
                    texts[i] = text.Slice(number).ToArray();
                }

                await command.ExecuteNonQueryAsync();
                Interlocked.Add(ref written, batch);
            }
        }));
        return written / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
