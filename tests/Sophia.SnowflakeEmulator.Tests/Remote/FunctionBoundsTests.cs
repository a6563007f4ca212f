using System.Globalization;
using Microsoft.AspNetCore.Http;
using Sophia.Snowflake.Local;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.SnowflakeEmulator.Tests.Remote;

/// <summary>What a hostile statement, a hostile service and a crowd try with external functions.</summary>
public sealed class FunctionBoundsTests : IAsyncLifetime, IDisposable
{
    private const string Prefix = "https://gate.test/prod/";
    private RemoteService _service = null!;
    private LocalSnowflake _engine = null!;
    private LocalSession _session = null!;

    public async Task InitializeAsync()
    {
        _service = await RemoteService.StartAsync();
        _engine = Engine(TimeProvider.System);
        _session = _engine.OpenSession();
        await RunAsync($"create api integration gate api_provider = aws_api_gateway api_key = 'geheim' api_allowed_prefixes = ('https://') api_blocked_prefixes = ('{Prefix}private/') enabled = true");
        await RunAsync($"create external function twice(n number) returns number api_integration = gate as '{Prefix}twice'");
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    public void Dispose()
    {
        _session.Dispose();
        _engine.Dispose();
    }

    private LocalSnowflake Engine(TimeProvider clock) =>
        new(services: new LocalServices { Gateways = [new(new Uri(Prefix), new Uri(_service.Address, "functions/"), "Gate-Secret", "s3cret")], Clock = clock });

    private Task<LocalResult> RunAsync(string sql) => _session.ExecuteAsync(sql);

    private async Task<string?> CellAsync(string sql) => Convert.ToString((await RunAsync(sql)).Rows[0][0], CultureInfo.InvariantCulture);

    private async Task<SnowflakeException> RefusedAsync(string sql) => await Assert.ThrowsAsync<SnowflakeException>(() => RunAsync(sql));

    [Theory]
    [InlineData("../admin")]
    [InlineData("%2e%2e/admin")]
    [InlineData("%2E./admin")]
    [InlineData("..%2fadmin")]
    [InlineData("..\\\\admin")]
    [InlineData("a/../../admin")]
    [InlineData("..")]
    [InlineData("private/f")]
    [InlineData("a b")]
    public async Task An_address_that_climbs_out_of_its_prefix_or_is_blocked_makes_no_function(string rest)
    {
        Assert.Equal("001008", (await RefusedAsync($"create external function f(n number) returns number api_integration = gate as '{Prefix}{rest}'")).Code);
        Assert.Equal("001008", (await RefusedAsync("create external function f(n number) returns number api_integration = gate as 'https://me@gate.test/prod/f'")).Code);
    }

    [Theory]
    [InlineData("http://{0}/elsewhere")]
    [InlineData("//{0}/elsewhere")]
    [InlineData("/elsewhere")]
    [InlineData("http:elsewhere")]
    public async Task What_stands_behind_the_prefix_is_a_path_whatever_it_looks_like(string rest)
    {
        var paths = new List<string>();
        _service.Instead = async (_, context) =>
        {
            paths.Add(context.Request.Path);
            return await RemoteService.Status(context, 404);
        };
        await RunAsync($"create external function f(n number) returns number api_integration = gate as '{Prefix}{string.Format(CultureInfo.InvariantCulture, rest, _service.Address.Authority)}'");

        Assert.Equal("100351", (await RefusedAsync("select f(1)")).Code);
        Assert.StartsWith("/functions/", Assert.Single(paths), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        _service.Instead = static async (_, context) =>
        {
            context.Response.Headers.Location = "/elsewhere";
            return await RemoteService.Status(context, 307);
        };

        Assert.Equal("100351", (await RefusedAsync("select twice(1)")).Code);
        Assert.Single(_service.Calls);
    }

    [Theory]
    [InlineData("select * from \"$account\".objects")]
    [InlineData("select * from sophia.\"$ACCOUNT\".objects")]
    [InlineData("update \"$account\".objects set properties = '{}'")]
    [InlineData("drop schema \"$account\"")]
    [InlineData("create table \"$account\".t (a int)")]
    public async Task What_the_account_remembers_is_out_of_reach_of_statements(string sql) => Assert.Equal("002003", (await RefusedAsync(sql)).Code);

    [Theory]
    [InlineData("select sf_external('{}', 'x', '[]')", "002140")]
    [InlineData("select \"sf_external\"('{}', 'x', '[]')", "002140")]
    [InlineData("select memory.main.sf_external('{}', 'x', '[]')", "002140")]
    [InlineData("select getvariable('sf_session')", "002140")]
    [InlineData("select \"getvariable\"('sf_session')", "002140")]
    [InlineData("set sf_session = 'x'", "000002")]
    [InlineData("select $sf_session", "000002")]
    [InlineData("select * from duckdb_variables()", "000002")]
    public async Task The_engines_own_functions_and_variables_are_out_of_reach_of_statements(string sql, string code) => Assert.Equal(code, (await RefusedAsync(sql)).Code);

    [Fact]
    public async Task No_secret_is_shown()
    {
        foreach (var sql in new[] { "show integrations", "describe integration gate", "describe function twice(number)", "show external functions" })
        {
            var shown = string.Join('|', (await RunAsync(sql)).Rows.SelectMany(static row => row));
            Assert.DoesNotContain("geheim", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("s3cret", shown, StringComparison.Ordinal);
        }

        Assert.Equal("001003", (await RefusedAsync($"create external function f(n number) returns number headers = ('x' = 'é') api_integration = gate as '{Prefix}f'")).Code);
    }

    [Theory]
    [InlineData("number(38,10)", "1234567890123456789.0123456789", "1234567890123456789.0123456789")]
    [InlineData("number(28,0)", "1234567890123456789012345678", "1234567890123456789012345678")]
    [InlineData("number(38,0)", "9007199254740993", "9007199254740993")]
    [InlineData("binary", "'00FF41'::binary", "00FF41")]
    [InlineData("varchar", "'\"quoted\" [1]'", "\"quoted\" [1]")]
    [InlineData("varchar", "'null'", "null")]
    [InlineData("time", "'01:02:03'::time", "01:02:03")]
    [InlineData("timestamp_ntz", "'2024-02-29 01:02:03.123456'::timestamp_ntz", "2024-02-29 01:02:03.123")]
    public async Task A_value_comes_back_as_it_went(string type, string value, string expected)
    {
        _service.Value = static row => row[1]?.DeepClone();
        await RunAsync($"create external function echo(v {type}) returns {type} api_integration = gate as '{Prefix}echo'");

        Assert.StartsWith(expected, await CellAsync($"select echo({value})::varchar"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deep_json_goes_out_and_comes_back()
    {
        _service.Value = static row => row[1]?.DeepClone();
        await RunAsync($"create external function echo(v variant) returns variant api_integration = gate as '{Prefix}echo'");

        // The service of this test reads 64 levels.
        Assert.Equal("120", await CellAsync("select length(echo(parse_json(repeat('[', 60) || repeat(']', 60)))::varchar)"));
        Assert.Equal("000002", (await RefusedAsync("select echo(parse_json(repeat('[', 900) || repeat(']', 900)))")).Code);
        _service.Instead = static async (_, context) => await RemoteService.Status(context, 200, "{\"data\":[[0," + new string('[', 5000) + new string(']', 5000) + "]]}");
        Assert.Equal("100351", (await RefusedAsync("select echo(1)")).Code);
    }

    [Fact]
    public async Task An_answer_without_end_is_refused_before_it_is_held()
    {
        _service.Instead = static async (_, context) =>
        {
            var piece = new byte[1 << 20];
            for (var i = 0; i < 200 && !context.RequestAborted.IsCancellationRequested; i++) await context.Response.Body.WriteAsync(piece);
            return true;
        };

        var error = await RefusedAsync("select twice(1)");

        Assert.Equal("100351", error.Code);
        Assert.Contains("longer than 64 MiB", error.Message, StringComparison.Ordinal);
        Assert.Single(_service.Calls);
    }

    [Fact]
    public async Task A_service_that_never_answers_is_said_to_be_out_of_reach()
    {
        _service.Instead = static async (_, context) =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            return true;
        };
        using var engine = Engine(new FastClock());
        using var session = engine.OpenSession();
        await session.ExecuteAsync($"create api integration gate api_provider = aws_api_gateway api_allowed_prefixes = ('{Prefix}') enabled = true");
        await session.ExecuteAsync($"create external function twice(n number) returns number api_integration = gate as '{Prefix}twice'");

        var error = await Assert.ThrowsAsync<SnowflakeException>(() => session.ExecuteAsync("select twice(1)").WaitAsync(TimeSpan.FromSeconds(60)));

        Assert.Equal("100350", error.Code);
        Assert.Contains("did not answer in time", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifty_sessions_wait_for_a_slow_service_at_once()
    {
        using var all = new CountdownEvent(50);
        _service.Instead = async (_, _) =>
        {
            all.Signal();
            // None is answered before all have come.
            for (var i = 0; i < 600 && !all.IsSet; i++) await Task.Delay(50);
            return false;
        };

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            using var session = _engine.OpenSession();
            return Convert.ToInt32((await session.ExecuteAsync($"select twice({i})")).Rows[0][0], CultureInfo.InvariantCulture);
        }));

        Assert.True(all.IsSet);
        Assert.Equal(Enumerable.Range(0, 50).Select(static i => 2 * i), answers);
    }

    [Fact]
    public async Task A_session_that_ends_cancels_the_call_under_way()
    {
        var called = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _service.Instead = async (_, context) =>
        {
            called.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            aborted.TrySetResult();
            return true;
        };
        var session = _engine.OpenSession();

        var running = session.ExecuteAsync("select twice(1)");
        await called.Task;
        session.Dispose();
        session.Dispose();

        Assert.Equal("000604", (await Assert.ThrowsAsync<SnowflakeException>(() => running)).Code);
        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.ExecuteAsync("select 1"));
    }

    [Fact]
    public async Task A_statement_is_cancelled_while_it_waits_to_repeat_a_call()
    {
        _service.Instead = static async (_, context) => await RemoteService.Status(context, 429);
        using var stop = new CancellationTokenSource();
        var running = _session.ExecuteAsync("select twice(1)", cancellationToken: stop.Token);
        while (_service.Calls.Count < 3) await Task.Delay(20);

        await stop.CancelAsync();

        Assert.Equal("000604", (await Assert.ThrowsAsync<SnowflakeException>(() => running.WaitAsync(TimeSpan.FromSeconds(20)))).Code);
    }

    [Fact]
    public async Task A_call_in_a_transaction_that_is_rolled_back_was_made_and_left_nothing()
    {
        await RunAsync("create table t (a number, b number)");
        await RunAsync("insert into t select column1, twice(column1) from values (1), (2)");
        await RunAsync("begin");
        await RunAsync("merge into t using (select 1 as a union all select 9) s on t.a = s.a when matched then update set b = twice(100) when not matched then insert (a, b) values (s.a, twice(s.a))");
        await RunAsync("update t set b = twice(b)");
        Assert.Equal("400", await CellAsync("select max(b) from t"));
        await RunAsync("rollback");

        Assert.Equal("6", await CellAsync("select sum(b) from t"));
        Assert.Equal("2", await CellAsync("select a from t order by twice(a) desc limit 1"));
        Assert.Equal("2", await CellAsync("select count(*) from (select twice(a) as x, count(*) from t group by twice(a))"));
        Assert.Equal("2", await CellAsync("select a from t qualify row_number() over (order by twice(a) desc) = 1"));
        Assert.Equal("4", await CellAsync("select (select twice(t.a)) from t where a = 2"));
    }
}
