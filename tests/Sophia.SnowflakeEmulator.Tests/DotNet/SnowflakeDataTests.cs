using System.Data;
using System.Data.Common;
using Sophia.Snowflake.Connecting;

namespace Sophia.SnowflakeEmulator.Tests.DotNet;

/// <summary>Snowflake's driver for .NET against the server. It is part of a build with UseSnowflakeData=true only; elsewhere each test says that it was skipped.</summary>
public sealed class SnowflakeDataTests(RunningEmulator server) : IClassFixture<RunningEmulator>
{
    private string Address(string login) => $"account=test;host=127.0.0.1;port={server.Client.BaseAddress!.Port};scheme=http;db=SOPHIA;schema=PUBLIC;poolingEnabled=false;{login}";

    private async Task<DbConnection> OpenAsync(string? login = null)
    {
        Skip.IfNot(SnowflakeDataSources.HasDriver, "Snowflake.Data is not part of this build: -p:UseSnowflakeData=true on a feed that has it.");
        var connection = SnowflakeDataSources.Open(Address(login ?? $"user=ada;password={RunningEmulator.Password}"), null).CreateConnection();
        await connection.OpenAsync();
        return connection;
    }

    private static DbCommand Command(DbConnection connection, string sql, params (DbType Type, object? Value)[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (type, value) in values)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.DbType, parameter.Value) = ($"{command.Parameters.Count + 1}", type, value);
            command.Parameters.Add(parameter);
        }
        return command;
    }

    private static async Task<int> RunAsync(DbConnection connection, string sql, params (DbType Type, object? Value)[] values)
    {
        await using var command = Command(connection, sql, values);
        return await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<object[]>> RowsAsync(DbConnection connection, string sql, params (DbType Type, object? Value)[] values)
    {
        await using var command = Command(connection, sql, values);
        await using var reader = await command.ExecuteReaderAsync();
        return await RowsAsync(reader);
    }

    private static async Task<List<object[]>> RowsAsync(DbDataReader reader)
    {
        List<object[]> rows = [];
        while (await reader.ReadAsync())
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }
        return rows;
    }

    [SkippableFact]
    public async Task It_logs_in_by_password_key_pair_access_token_and_oauth_and_is_refused_with_the_numbers_of_each()
    {
        var key = server.Key.ExportPkcs8PrivateKeyPem();
        foreach (var login in new[] { $"user=ada;password={RunningEmulator.Password}", $"user=ada;authenticator=snowflake_jwt;private_key={key}", "user=ada;authenticator=programmatic_access_token;token=a-token-of-ada", "authenticator=oauth;token=a-token-of-ada" })
        {
            await using var connection = await OpenAsync(login);
            Assert.Equal("PUBLIC", (await RowsAsync(connection, "select current_schema()"))[0][0]);
            Assert.Equal(("SOPHIA", ConnectionState.Open), (connection.Database, connection.State));
        }

        foreach (var (login, code) in new[] { ("user=ada;password=wrong", 390100), ("user=ada;authenticator=programmatic_access_token;token=not-a-token", 394400), ("authenticator=oauth;token=not-a-token", 390303) })
        {
            var error = await Assert.ThrowsAnyAsync<DbException>(() => OpenAsync(login));
            Assert.Equal(code, Assert.IsType<DbException>(error.GetBaseException(), exactMatch: false).ErrorCode);
        }
    }

    [SkippableFact]
    public async Task Values_come_with_the_types_that_the_driver_has_for_them()
    {
        await using var connection = await OpenAsync();
        await using var command = Command(connection, """
            select 1, 1.50::number(10,2), 2.5::float, 'x', true, '2026-02-03'::date, '04:05:06.5'::time, '2026-02-03 04:05:06.123456'::timestamp_ntz, '2026-02-03 04:05:06'::timestamp_tz,
            parse_json('{"a":1}'), [1,2]::vector(float,2), to_binary('00ff'), null::varchar, '1969-12-31'::date, '1969-12-31 23:59:58.5'::timestamp_ntz
            """);
        await using var reader = await command.ExecuteReaderAsync();
        var types = Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetFieldType(i).Name);
        var row = (await RowsAsync(reader))[0];

        Assert.Equal("Int64,Decimal,Double,String,Boolean,DateTime,DateTime,DateTime,DateTimeOffset,String,String,Byte[],String,DateTime,DateTime", string.Join(',', types).Replace("TimeSpan", "DateTime", StringComparison.Ordinal));
        Assert.Equal([1L, 1.50m, 2.5, "x", true, new DateTime(2026, 2, 3)], row[..6]);
        Assert.Equal(new TimeSpan(0, 4, 5, 6, 500), row[6] is DateTime time ? time.TimeOfDay : row[6]);
        Assert.Equal(new DateTime(2026, 2, 3, 4, 5, 6).AddTicks(1234560), row[7]);
        Assert.Equal(new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero), row[8]);
        Assert.Equal("{\"a\":1}", row[9]);
        Assert.Equal("[1,2]", row[10]);
        Assert.Equal([0x00, 0xff], (byte[])row[11]);
        Assert.Equal(DBNull.Value, row[12]);
        Assert.Equal([new DateTime(1969, 12, 31), new DateTime(1969, 12, 31, 23, 59, 58, 500)], row[13..]);
    }

    [SkippableFact]
    public async Task Bound_values_of_every_type_come_back_as_they_went()
    {
        await using var connection = await OpenAsync();
        await RunAsync(connection, "create or replace table bound (n number, p number(20,4), f float, s varchar, b boolean, d date, t time, ntz timestamp_ntz, tz timestamp_tz, x binary, g varchar, none varchar)");
        var (moment, id) = (new DateTime(2026, 2, 3, 4, 5, 6).AddTicks(1234560), Guid.NewGuid());
        (DbType, object?)[] values =
        [
            (DbType.Int64, long.MaxValue), (DbType.Decimal, 1234567890.1234m), (DbType.Double, -2.5e-10), (DbType.String, "it's {\"a\":1} ? :1 Ω 😀"), (DbType.Boolean, true), (DbType.Date, moment.Date),
            (DbType.Time, moment), (DbType.DateTime, moment), (DbType.DateTimeOffset, new DateTimeOffset(moment, TimeSpan.FromHours(2))), (DbType.Binary, new byte[] { 0, 255, 16 }), (DbType.Guid, id), (DbType.String, DBNull.Value),
        ];

        Assert.Equal(1, await RunAsync(connection, "insert into bound values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values));

        var row = (await RowsAsync(connection, "select * from bound where n = :1 and s = :2 and :1 = n", (DbType.Int64, long.MaxValue), (DbType.String, values[3].Item2)))[0];
        Assert.Equal([long.MaxValue, 1234567890.1234m, -2.5e-10, values[3].Item2!, true, moment.Date], row[..6]);
        Assert.Equal(moment.TimeOfDay, row[6] is DateTime time ? time.TimeOfDay : row[6]);
        Assert.Equal(moment, row[7]);
        Assert.Equal(new DateTimeOffset(moment, TimeSpan.FromHours(2)).UtcDateTime, ((DateTimeOffset)row[8]).UtcDateTime);
        Assert.Equal([0, 255, 16], (byte[])row[9]);
        Assert.Equal([id.ToString(), DBNull.Value], row[10..]);
    }

    [SkippableFact]
    public async Task Arrays_are_bound_as_rows_all_or_none()
    {
        await using var connection = await OpenAsync();
        await RunAsync(connection, "create or replace table listed (id number, name varchar, at timestamp_ntz)");
        var ids = Enumerable.Range(0, 25_000).ToArray();

        var written = await RunAsync(connection, "insert into listed (id, name, at) values (?, ?, ?)",
            (DbType.Int32, ids), (DbType.String, ids.Select(static i => i % 7 == 0 ? null : $"n'{i}").ToArray()), (DbType.DateTime, ids.Select(static i => new DateTime(2026, 1, 1).AddSeconds(i)).ToArray()));

        Assert.Equal(25_000, written);
        Assert.Equal([25_000L, 25_000L - 3572, new DateTime(2026, 1, 1).AddSeconds(24_999)], (await RowsAsync(connection, "select count(*), count(name), max(at) from listed"))[0]);
        Assert.Equal(2, await RunAsync(connection, "update listed set name = 'z' where id = ?", (DbType.Int32, new[] { 1, 2 })));
        await Assert.ThrowsAnyAsync<DbException>(() => RunAsync(connection, "insert into listed (id) values (?)", (DbType.String, new[] { "1", "not a number" })));
        Assert.Equal(25_000L, (await RowsAsync(connection, "select count(*) from listed"))[0][0]);
    }

    [SkippableFact]
    public async Task Transactions_are_kept_and_undone()
    {
        await using var connection = await OpenAsync();
        await RunAsync(connection, "create or replace table kept (id number)");
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await RunAsync(connection, "insert into kept values (1)");
            await transaction.RollbackAsync();
        }
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await RunAsync(connection, "insert into kept values (2), (3)");
            await using var other = await OpenAsync();
            Assert.Empty(await RowsAsync(other, "select * from kept"));
            await transaction.CommitAsync();
        }

        Assert.Equal([2L, 3L], (await RowsAsync(connection, "select id from kept order by id")).Select(static r => r[0]));
    }

    [SkippableFact]
    public async Task Several_statements_of_one_text_give_their_results_one_by_one()
    {
        await using var connection = await OpenAsync();
        await using var command = Command(connection, "create or replace temporary table s (a int); insert into s values (1), (2); select a from s order by a; select 'it''s; so' as b");
        var count = command.CreateParameter();
        (count.ParameterName, count.DbType, count.Value) = ("MULTI_STATEMENT_COUNT", DbType.Int16, 4);
        command.Parameters.Add(count);

        await using var reader = await command.ExecuteReaderAsync();
        List<string> seen = [];
        do seen.Add(string.Join('/', (await RowsAsync(reader)).Select(static r => string.Join(',', r))));
        while (await reader.NextResultAsync());

        Assert.Equal(["1/2", "it's; so"], seen.Where(static s => !s.Contains("success", StringComparison.Ordinal)).TakeLast(2));
        var error = await Assert.ThrowsAnyAsync<DbException>(() => RunAsync(connection, "select 1; select 2"));
        Assert.Equal(8, error.ErrorCode);
    }

    [SkippableFact]
    public async Task A_statement_that_runs_on_its_own_is_asked_after_and_read_later()
    {
        await using var connection = await OpenAsync();
        await using var command = Command(connection, "select count(*) as n from table(generator(rowcount => 3000000)) a");
        dynamic asynchronous = command;

        string id = await asynchronous.ExecuteAsyncInAsyncMode(CancellationToken.None);
        await using DbDataReader reader = await asynchronous.GetResultsFromQueryIdAsync(id, CancellationToken.None);

        Assert.Equal(3_000_000L, (await RowsAsync(reader))[0][0]);
        Assert.Equal("Success", (await asynchronous.GetQueryStatusAsync(id, CancellationToken.None)).ToString());
        await using var wrong = Command(connection, "select * from not_there");
        dynamic failing = wrong;
        string failed = await failing.ExecuteAsyncInAsyncMode(CancellationToken.None);
        var error = await Assert.ThrowsAnyAsync<DbException>(async () => await failing.GetResultsFromQueryIdAsync(failed, CancellationToken.None));
        Assert.Equal("FailedWithError", (await failing.GetQueryStatusAsync(failed, CancellationToken.None)).ToString());
        Assert.NotEqual(0, error.ErrorCode);
    }

    [SkippableFact]
    public async Task A_statement_is_stopped_by_its_token_and_by_its_time_and_the_connection_goes_on()
    {
        await using var connection = await OpenAsync();
        const string Endless = "select count(*) from table(generator(rowcount => 100000000000)) a";
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await using var command = Command(connection, Endless);

        await Assert.ThrowsAnyAsync<Exception>(() => command.ExecuteScalarAsync(stop.Token));
        await using var timed = Command(connection, Endless);
        timed.CommandTimeout = 1;
        await Assert.ThrowsAnyAsync<Exception>(() => timed.ExecuteScalarAsync());

        Assert.Equal(1L, (await RowsAsync(connection, "select 1"))[0][0]);
        for (var i = 0; i < 100 && server.Running > 0; i++) await Task.Delay(50);
        Assert.Equal(0, server.Running);
    }

    [SkippableFact]
    public async Task A_session_that_expires_in_the_middle_of_its_work_is_renewed_without_the_caller()
    {
        await using var connection = await OpenAsync();
        await RunAsync(connection, "create or replace temporary table mine (id number)");
        for (var i = 0; i < 4; i++)
        {
            server.Clock.Advance(TimeSpan.FromMinutes(61));
            Assert.Equal(1, await RunAsync(connection, "insert into mine values (?)", (DbType.Int32, i)));
        }

        // A temporary table is the session's: it is the same one.
        Assert.Equal(4L, (await RowsAsync(connection, "select count(*) from mine"))[0][0]);
    }

    [SkippableFact]
    public async Task A_million_rows_are_read_in_chunks()
    {
        await using var connection = await OpenAsync();
        await using var command = Command(connection, "select seq4() as n, 'Ω \"q\" \\\\ \\n \\t \\f 😀 ' || seq4() as t, iff(seq4() % 3 = 0, null, seq4()) as maybe from table(generator(rowcount => 1000000))");
        await using var reader = await command.ExecuteReaderAsync();
        var (n, nulls, wrong) = (0L, 0, 0);
        for (; await reader.ReadAsync(); n++)
        {
            if (reader.IsDBNull(2)) nulls++;
            if (reader.GetInt64(0) != n || reader.GetString(1) != $"Ω \"q\" \\ \n \t \f 😀 {n}") wrong++;
        }

        Assert.Equal((1_000_000, 333_334, 0), (n, nulls, wrong));
    }

    [SkippableTheory]
    [InlineData("select * from not_there", 2003, "42S02")]
    [InlineData("selec 1", 1003, "42000")]
    [InlineData("select ?", 2049, "42601")]
    [InlineData("show pipes", 2, "0A000")]
    [InlineData("select 'x'::number", 100038, "22018")]
    [InlineData("select 1/0", 100051, "22012")]
    [InlineData("select parse_json('{')", 100069, "22P02")]
    public async Task Errors_have_snowflakes_numbers_and_states(string sql, int code, string state)
    {
        await using var connection = await OpenAsync();

        var error = await Assert.ThrowsAnyAsync<DbException>(() => RowsAsync(connection, sql));

        Assert.Equal((code, state), (error.ErrorCode, DriverErrors.StateOf(error)));
    }
}
