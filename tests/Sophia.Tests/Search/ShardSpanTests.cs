using Npgsql;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Postgres;
using Sophia.Tests.Stores;

namespace Sophia.Tests.Search;

/// <summary>Two copies of a shard that is full, as there are while it moves, over a map in a real PostgreSQL.</summary>
public sealed class ShardSpanTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>
{
    private const int Many = ShardSpan.Ahead + 50;

    [SkippableFact]
    public async Task Changes_that_come_while_a_shard_is_closed_are_taken_by_no_copy_of_it_if_they_are_the_next_ones()
    {
        await using var source = await fixture.NewDatabaseAsync();
        var (ns, map) = await PrepareAsync(source);
        var (closing, other) = (new ShardSpan(ns, 0, map, capacity: 1), new ShardSpan(ns, 0, map, capacity: 1));
        await closing.ReadAsync(0, default);

        // A writer that holds the partition has numbered many changes, which nobody sees before it commits.
        await using var writer = await source.OpenConnectionAsync();
        await using var transaction = await writer.BeginTransactionAsync();
        await AddAsync(writer, ns, Many);
        var close = closing.CloseAsync(default).AsTask();
        await UntilItWaitsAsync(source, close);
        await transaction.CommitAsync();

        // The other copy has come to the writer's changes and looks at the map just before the next shard is in it, or after.
        await other.ReadAsync(Many, default);
        await close;
        var second = new ShardSpan(ns, 1, map, capacity: 1);
        await second.ReadAsync(Many, default);
        for (var number = Many; number <= Many + (2 * ShardSpan.Ahead); number++)
        {
            var sequence = Memory.Log.Sequence.Of(ns.Partition, number);
            Assert.True(closing.Holds(sequence) != second.Holds(sequence), $"Change {number} is of one shard.");
            Assert.False(other.MayTake(number) && other.Holds(sequence) && second.Holds(sequence), $"Change {number} is counted twice.");
        }

        Assert.Equal(Many + ShardSpan.Ahead + 1, second.First.Number);
    }

    [SkippableFact]
    public async Task A_shard_that_another_node_has_opened_keeps_its_beginning()
    {
        await using var source = await fixture.NewDatabaseAsync();
        var (ns, map) = await PrepareAsync(source);

        var first = await map.OpenAsync(ns, 1, 10, default);
        await using (var connection = await source.OpenConnectionAsync())
        {
            await AddAsync(connection, ns, Many);
        }

        Assert.Equal(11, first);
        Assert.Equal(first, await map.OpenAsync(ns, 1, 10, default));
        Assert.Equal(Many + 11, await map.OpenAsync(ns, 2, 10, default));
        Assert.Equal([first, Many + 11], await map.ReadAsync(ns.Id, default));
    }

    private static async Task<(NamespaceInfo Namespace, PostgresShardMap Map)> PrepareAsync(NpgsqlDataSource source)
    {
        await using var store = PostgresRecordStore.Create(source, TimeProvider.System);
        await store.OpenAsync(default);
        var map = new PostgresShardMap(source);
        await map.PrepareAsync(default);
        return (await store.EnsureNamespaceAsync("t", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default), map);
    }

    private static async Task AddAsync(NpgsqlConnection connection, NamespaceInfo ns, int changes)
    {
        await using var add = new NpgsqlCommand("UPDATE partitions SET last_number = last_number + $1 WHERE partition = $2", connection);
        add.Parameters.Add(new() { Value = changes });
        add.Parameters.Add(new() { Value = ns.Partition });
        await add.ExecuteNonQueryAsync();
    }

    /// <summary>Until the task waits for a lock in the database, or is over.</summary>
    private static async Task UntilItWaitsAsync(NpgsqlDataSource source, Task task)
    {
        await using var waiting = source.CreateCommand("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
        while (!task.IsCompleted && (long)(await waiting.ExecuteScalarAsync())! == 0)
        {
            await Task.Delay(10);
        }
    }
}
