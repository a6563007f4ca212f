using System.Data.Common;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Local;

namespace Sophia.Snowflake.Tests.Connecting;

public sealed class DataSourceTests
{
    private static async Task<DbConnection> OpenAsync(DbDataSource source) => await source.OpenConnectionAsync();

    private static async Task<int> RunAsync(DbConnection connection, string sql, params object?[] values)
    {
        using var command = Command(connection, sql, values);
        return await command.ExecuteNonQueryAsync();
    }

    private static DbCommand Command(DbConnection connection, string sql, object?[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var value in values)
        {
            var parameter = command.CreateParameter();
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }

    [Fact]
    public async Task Values_come_back_with_the_types_that_the_vendors_driver_gives()
    {
        await using var source = new LocalSnowflakeDataSource();
        await using var connection = await OpenAsync(source);
        using var command = Command(connection, "select 1, 1.50::number(10,2), 2.5::float, 'x', true, '2026-02-03'::date, '2026-02-03 04:05:06'::timestamp_ntz, parse_json('{\"a\":1}'), [1,2]::vector(float,2), null, to_binary('00ff')", []);
        using var reader = await command.ExecuteReaderAsync();

        Assert.True(await reader.ReadAsync());
        Assert.Equal(1L, reader.GetValue(0));
        Assert.Equal(1.50m, reader.GetValue(1));
        Assert.Equal(2.5, reader.GetValue(2));
        Assert.Equal("x", reader.GetString(3));
        Assert.True(reader.GetBoolean(4));
        Assert.Equal(new DateTime(2026, 2, 3), reader.GetDateTime(5));
        Assert.Equal(new DateTime(2026, 2, 3, 4, 5, 6), reader.GetDateTime(6));
        Assert.Equal("{\"a\":1}", reader.GetString(7));
        Assert.Equal("[1,2]", reader.GetString(8));
        Assert.True(reader.IsDBNull(9));
        Assert.Equal([0x00, 0xff], Assert.IsType<byte[]>(reader.GetValue(10)));
    }

    [Fact]
    public async Task Arrays_are_bound_as_rows_all_or_none()
    {
        await using var source = new LocalSnowflakeDataSource();
        await using var connection = await OpenAsync(source);
        await RunAsync(connection, "create table t (id int, name varchar, price float, ok boolean)");
        var rows = Enumerable.Range(0, 5_001).ToArray();

        var written = await RunAsync(
            connection, "insert into t (id, name, price, ok) values (?, ?, ?, ?)",
            rows.Select(i => (object?)(long)i).ToArray(), rows.Select(i => i % 7 == 0 ? null : (object?)$"n'{i}").ToArray(),
            rows.Select(i => (object?)(i / 2.0)).ToArray(), rows.Select(i => i % 5 == 0 ? null : (object?)(i % 2 == 0)).ToArray());

        Assert.Equal(5_001, written);
        using var command = Command(connection, "select count(*), count(name), sum(id), sum(price), count_if(ok), max(name) from t", []);
        using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        Assert.Equal([5_001L, 5_001L - 715, rows.Sum(i => (long)i), rows.Sum(i => i / 2.0), rows.LongCount(i => i % 5 != 0 && i % 2 == 0)], [reader.GetValue(0), reader.GetValue(1), Convert.ToInt64(reader.GetValue(2)), reader.GetValue(3), Convert.ToInt64(reader.GetValue(4))]);
        Assert.Equal("n'999", reader.GetString(5));

        await Assert.ThrowsAsync<SnowflakeException>(() => RunAsync(connection, "insert into t (id) values (?)", new object?[] { new object?[] { "1", "not a number" } }));
        using var count = Command(connection, "select count(*) from t", []);
        Assert.Equal(5_001L, await count.ExecuteScalarAsync());
        await Assert.ThrowsAsync<ArgumentException>(() => RunAsync(connection, "insert into t (id, name) values (?, ?)", new[] { 1L, 2L }, new[] { "a" }));
    }

    [Fact]
    public async Task Texts_and_vectors_go_into_a_table_of_the_session_as_they_were_bound()
    {
        await using var source = new LocalSnowflakeDataSource();
        await using var connection = await OpenAsync(source);
        await RunAsync(connection, "create temporary table stage (a varchar, e vector(float, 3), b varchar)");
        var random = new Random(7);
        string? Text(int i) => (i % 5) switch { 0 => null, 1 => "", 2 => "Ω😀 it's\"\\", 3 => new string((char)('a' + (i % 26)), random.Next(5_000)), _ => "a\0b" };
        // More than the engine takes at once, and not a multiple of it.
        var (texts, others) = (Enumerable.Range(0, 5_001).Select(Text).ToArray(), Enumerable.Range(0, 5_001).Select(i => Text(i + 1)).ToArray());
        var vectors = texts.Select(_ => new[] { random.NextSingle(), -0f, float.MaxValue }).ToArray();

        Assert.Equal(5_001, await RunAsync(connection, "insert into stage (a, e, b) values (?, ?, ?)", texts, vectors, others));

        using var command = Command(connection, "select a, e, b from stage", []);
        using var reader = await command.ExecuteReaderAsync();
        var rows = 0;
        for (; await reader.ReadAsync(); rows++)
        {
            Assert.Equal((texts[rows], others[rows]), (reader.IsDBNull(0) ? null : reader.GetString(0), reader.IsDBNull(2) ? null : reader.GetString(2)));
            Assert.Equal(vectors[rows], System.Text.Json.JsonSerializer.Deserialize<float[]>(reader.GetString(1)));
        }

        Assert.Equal(5_001, rows);
        await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(connection, "insert into stage (a, e, b) values (?, ?, ?)", new[] { "x", "y" }, new[] { new float[3], new float[4] }, new[] { "x", "y" }));
        using var count = Command(connection, "select count(*) from stage", []);
        Assert.Equal(5_001L, await count.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_transaction_that_is_left_is_undone()
    {
        await using var source = new LocalSnowflakeDataSource();
        await using var connection = await OpenAsync(source);
        await RunAsync(connection, "create table t (id int)");
        await using (await connection.BeginTransactionAsync())
        {
            Assert.Equal(1, await RunAsync(connection, "insert into t values (1)"));
        }

        await using (var kept = await connection.BeginTransactionAsync())
        {
            await RunAsync(connection, "insert into t values (2)");
            await kept.CommitAsync();
        }

        using var ids = Command(connection, "select id from t", []);
        Assert.Equal(2L, await ids.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_statement_that_is_wrong_is_a_database_error_with_snowflakes_number()
    {
        await using var source = new LocalSnowflakeDataSource();
        await using var connection = await OpenAsync(source);

        var error = await Assert.ThrowsAnyAsync<DbException>(() => RunAsync(connection, "select * from nowhere"));

        Assert.Equal("42S02", error.SqlState);
        Assert.Equal(2003, error.ErrorCode);
    }

    [Fact]
    public void An_account_without_its_driver_says_what_to_do()
    {
        if (SnowflakeDataSources.HasDriver)
        {
            Assert.NotNull(SnowflakeDataSources.Open("account=a;user=u;password=p", null));
            return;
        }

        var error = Assert.Throws<SnowflakeDriverMissingException>(() => SnowflakeDataSources.Open("account=a;user=u;password=p", null));
        Assert.Contains("UseSnowflakeData=true", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("password=p", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_account_was_given_is_there_after_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("sophia-lake-").FullName;
        var file = Path.Combine(folder, "lake.duckdb");
        await using (var source = new LocalSnowflakeDataSource(file))
        {
            await using var connection = await OpenAsync(source);
            await RunAsync(connection, "create warehouse w warehouse_size = xlarge auto_suspend = 60");
            await RunAsync(connection, "create role reader");
            await RunAsync(connection, "create table t (id int)");
            await RunAsync(connection, "grant select, insert on table t to role reader");
            await RunAsync(connection, "revoke insert on table t from role reader");
        }

        await using (var source = new LocalSnowflakeDataSource(file))
        {
            await using var connection = await OpenAsync(source);
            using var warehouses = Command(connection, "show warehouses like 'W'", []);
            using (var reader = await warehouses.ExecuteReaderAsync())
            {
                Assert.True(await reader.ReadAsync());
                Assert.Equal("X-LARGE", reader["size"]);
                Assert.Equal(60L, reader["auto_suspend"]);
            }

            using var grants = Command(connection, "show grants to role reader", []);
            using (var reader = await grants.ExecuteReaderAsync())
            {
                Assert.True(await reader.ReadAsync());
                Assert.Equal(("SELECT", "TABLE", "SOPHIA.PUBLIC.T"), ((string)reader["privilege"], (string)reader["granted_on"], (string)reader["name"]));
                Assert.False(await reader.ReadAsync());
            }

            using var tables = Command(connection, "select count(*) from information_schema.tables", []);
            Assert.Equal(1L, await tables.ExecuteScalarAsync());
        }

        Directory.Delete(folder, recursive: true);
    }
}
