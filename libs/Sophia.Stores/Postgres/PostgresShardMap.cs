using Npgsql;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Stores.Postgres;

/// <summary>The shard map in a table of PostgreSQL.</summary>
public sealed class PostgresShardMap(NpgsqlDataSource source) : IShardMap
{
    /// <summary>Makes the table if it is not there.</summary>
    /// <exception cref="Memory.Stores.StoreUnavailableException">PostgreSQL does not answer.</exception>
    public async Task PrepareAsync(CancellationToken cancellationToken) => await RunAsync(
        // Of nodes that start together one makes it: IF NOT EXISTS alone loses that race with an error.
        [new("SELECT pg_advisory_xact_lock(hashtext('shard_map'))"), new("CREATE TABLE IF NOT EXISTS shard_map (ns_id bigint NOT NULL, shard integer NOT NULL, first bigint NOT NULL, PRIMARY KEY (ns_id, shard))")],
        static _ => 0, cancellationToken).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken) => await RunAsync(
        [new("SELECT first FROM shard_map WHERE ns_id = $1 ORDER BY shard") { Parameters = { new() { Value = namespaceId } } }],
        static row => row.GetInt64(0), cancellationToken).ConfigureAwait(false);

    public async ValueTask<long> OpenAsync(NamespaceInfo ns, int shard, int ahead, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return (await RunAsync(
            [
                // Under the lock that commits take, so that no number is given until the shard can be seen.
                new(
                    "INSERT INTO shard_map (ns_id, shard, first) SELECT $1, $2, last_number + $3 + 1 FROM partitions WHERE partition = $4 FOR UPDATE " +
                    "ON CONFLICT DO NOTHING")
                {
                    Parameters = { new() { Value = ns.Id }, new() { Value = shard }, new() { Value = ahead }, new() { Value = ns.Partition } },
                },
                new("SELECT first FROM shard_map WHERE ns_id = $1 AND shard = $2") { Parameters = { new() { Value = ns.Id }, new() { Value = shard } } },
            ],
            static row => row.GetInt64(0), cancellationToken).ConfigureAwait(false))[0];
    }

    // One batch is one transaction; the rows are those of its last command.
    private async Task<List<T>> RunAsync<T>(NpgsqlBatchCommand[] commands, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        try
        {
            await using var batch = source.CreateBatch();
            foreach (var command in commands)
            {
                batch.BatchCommands.Add(command);
            }

            var rows = new List<T>();
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            do
            {
                rows.Clear();
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (reader.GetFieldType(0) == typeof(long))
                    {
                        rows.Add(read(reader));
                    }
                }
            }
            while (await reader.NextResultAsync(cancellationToken).ConfigureAwait(false));
            return rows;
        }
        catch (Exception error) when (PostgresErrors.Translate(error) is { } translated)
        {
            throw translated;
        }
    }
}
