using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Sophia.Snowflake.ExternalFunctions;
using Sophia.Snowflake.Local;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.SnowflakeEmulator.Tests.Remote;

/// <summary>External functions called from SQL, over the network, as Snowflake calls them.</summary>
public sealed class ExternalFunctionTests : IAsyncLifetime, IDisposable
{
    private const string Prefix = "https://gate.test/prod/";
    private RemoteService _service = null!;
    private LocalSnowflake _engine = null!;
    private LocalSession _session = null!;

    public async Task InitializeAsync()
    {
        _service = await RemoteService.StartAsync();
        _engine = new LocalSnowflake(services: new LocalServices { Gateways = [new(new Uri(Prefix), _service.Address, "Gate-Secret", "s3cret")] });
        _session = _engine.OpenSession();
        await RunAsync($"create api integration gate api_provider = aws_api_gateway api_aws_role_arn = 'arn:aws:iam::1:role/x' api_allowed_prefixes = ('{Prefix}') enabled = true");
        await RunAsync($"create external function twice(n number(38,0)) returns number(38,0) null volatile api_integration = gate as '{Prefix}twice'");
    }

    public async Task DisposeAsync() => await _service.DisposeAsync();

    public void Dispose()
    {
        _session.Dispose();
        _engine.Dispose();
    }

    private Task<LocalResult> RunAsync(string sql, CancellationToken stop = default) => _session.ExecuteAsync(sql, cancellationToken: stop);

    private async Task<string?> CellAsync(string sql) => Convert.ToString((await RunAsync(sql)).Rows[0][0], System.Globalization.CultureInfo.InvariantCulture);

    private async Task<SnowflakeException> RefusedAsync(string sql) => await Assert.ThrowsAsync<SnowflakeException>(() => RunAsync(sql));

    [Fact]
    public async Task A_call_goes_through_the_gateway_with_snowflakes_headers_and_its_secret()
    {
        await RunAsync($"create or replace external function \"zweimal é\"(n number(38,0)) returns number(38,0) api_integration = gate headers = ('team' = 'data') as '{Prefix}t'");

        Assert.Equal("42", await CellAsync("select \"zweimal é\"(21) as x"));

        var (method, headers, rows) = Assert.Single(_service.Calls);
        Assert.Equal("POST", method);
        Assert.Equal("[[0,21]]", rows.ToJsonString());
        var read = BatchHeaders.Read(name => headers.TryGetValue(name, out var value) ? value.ToString() : null);
        Assert.Equal(("zweimal é", "(N NUMBER(38,0))", "NUMBER"), (read.Function, read.Signature, read.ReturnType));
        Assert.Equal(("json", "1.0"), (headers["sf-external-function-format"].ToString(), headers["sf-external-function-format-version"].ToString()));
        Assert.True(Guid.TryParse(read.QueryId, out _));
        Assert.StartsWith(read.QueryId!, read.BatchId, StringComparison.Ordinal);
        Assert.Equal(("s3cret", "data", "gzip"), (headers["Gate-Secret"].ToString(), headers["sf-custom-team"].ToString(), headers.ContentEncoding.ToString()));
    }

    [Fact]
    public async Task Each_row_gets_its_own_answer_in_batches_no_larger_than_allowed()
    {
        await RunAsync($"create or replace external function twice(n number(38,0)) returns number(38,0) api_integration = gate max_batch_rows = 500 as '{Prefix}twice'");
        await RunAsync("create table t as select seq4() as n from table(generator(rowcount => 5000))");

        Assert.Equal("5000", await CellAsync("select count(*) from t where twice(n) = 2 * n"));

        Assert.All(_service.Calls, static call => Assert.InRange(call.Rows.Count, 1, 500));
        Assert.Equal(5000, _service.Calls.Sum(static call => call.Rows.Count));
        Assert.Equal(_service.Calls.Count, _service.Calls.Select(static c => c.Headers["sf-external-function-query-batch-id"].ToString()).Distinct().Count());
    }

    [Fact]
    public async Task A_batch_that_takes_longer_is_polled_for_under_its_id()
    {
        _service.Instead = static async (call, context) => call < 3 && await RemoteService.Status(context, 202);

        Assert.Equal("2", await CellAsync("select twice(1)"));

        Assert.Equal(["POST", "GET", "GET"], _service.Calls.Select(static c => c.Method));
        Assert.Single(_service.Calls.Select(static c => c.Headers["sf-external-function-query-batch-id"].ToString()).Distinct());
    }

    [Fact]
    public async Task Overload_and_faults_of_the_server_are_repeated_with_the_same_batch()
    {
        _service.Instead = static async (call, context) => call < 3 && await RemoteService.Status(context, call == 1 ? 429 : 503);

        Assert.Equal("2", await CellAsync("select twice(1)"));

        Assert.Equal(["POST", "POST", "POST"], _service.Calls.Select(static c => c.Method));
        Assert.Single(_service.Calls.Select(static c => c.Headers["sf-external-function-query-batch-id"].ToString()).Distinct());
    }

    [Fact]
    public async Task What_the_service_refuses_is_the_statements_error()
    {
        _service.Instead = static async (_, context) => await RemoteService.Status(context, 400, """{"code":"bad"}""");

        var error = await RefusedAsync("select twice(1)");

        Assert.Equal(("100351", "P0000"), (error.Code, error.SqlState));
        Assert.Contains("""external function TWICE with remote service error: 400 '{"code":"bad"}'""", error.Message, StringComparison.Ordinal);
        Assert.Single(_service.Calls);
    }

    [Theory]
    [InlineData("""{"data":[[0,2]]}""")]
    [InlineData("""{"data":[[0,2],[0,4]]}""")]
    [InlineData("""{"data":[[0,2],[7,4]]}""")]
    [InlineData("""{"data":[[0,2],[1]]}""")]
    [InlineData("""{"rows":[]}""")]
    [InlineData("no json")]
    public async Task An_answer_that_is_not_one_row_for_each_is_an_error(string answer)
    {
        _service.Instead = async (_, context) => await RemoteService.Status(context, 200, answer);

        Assert.Equal("100351", (await RefusedAsync("select twice(column1) from values (1), (2)")).Code);
    }

    [Fact]
    public async Task A_wrong_md5_fails_the_statement_and_a_right_one_does_not()
    {
        _service.Instead = static async (call, context) =>
        {
            var body = """{"data":[[0,2]]}""";
            context.Response.Headers.ContentMD5 = RowAnswers.ContentMd5(Encoding.UTF8.GetBytes(call == 1 ? body : body + " "));
            return await RemoteService.Status(context, 200, body);
        };

        Assert.Equal("2", await CellAsync("select twice(1)"));
        Assert.Contains("MD5", (await RefusedAsync("select twice(1)")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_statement_stops_waiting_for_the_service()
    {
        var called = new TaskCompletionSource();
        _service.Instead = async (_, context) =>
        {
            called.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            return true;
        };
        using var stop = new CancellationTokenSource();

        var running = RunAsync("select twice(1)", stop.Token);
        await called.Task;
        await stop.CancelAsync();

        Assert.Equal("000604", (await Assert.ThrowsAsync<SnowflakeException>(() => running.WaitAsync(TimeSpan.FromSeconds(20)))).Code);
        _service.Instead = null;
        Assert.Equal("2", await CellAsync("select twice(1)"));
    }

    [Fact]
    public async Task Addresses_that_no_gateway_stands_for_are_not_called()
    {
        await RunAsync("create or replace api integration wide api_provider = aws_api_gateway api_allowed_prefixes = ('https://', 'http://') enabled = true");
        await RunAsync($"create external function inside(n number) returns number api_integration = wide as '{_service.Address}'");

        var error = await RefusedAsync("select inside(1)");

        Assert.Equal("100350", error.Code);
        Assert.Empty(_service.Calls);
    }

    [Fact]
    public async Task A_service_that_cannot_be_reached_is_said_to_be_so_when_it_has_been_tried_again()
    {
        var gone = new Uri("http://127.0.0.1:9/");
        using var engine = new LocalSnowflake(services: new LocalServices { Gateways = [new(new Uri(Prefix), gone)], Clock = new FastClock() });
        using var session = engine.OpenSession();
        await session.ExecuteAsync($"create api integration gate api_provider = aws_api_gateway api_allowed_prefixes = ('{Prefix}') enabled = true");
        await session.ExecuteAsync($"create external function twice(n number) returns number api_integration = gate as '{Prefix}twice'");

        var error = await Assert.ThrowsAsync<SnowflakeException>(() => session.ExecuteAsync("select twice(1)"));

        Assert.Equal("100350", error.Code);
        Assert.Contains("Remote service cannot be reached", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_of_every_type_go_out_and_come_back()
    {
        await RunAsync($"create external function echo(v variant) returns variant api_integration = gate as '{Prefix}echo'");
        await RunAsync($"create external function said(t varchar, b boolean, f float, d date, a array) returns varchar api_integration = gate as '{Prefix}echo'");
        _service.Value = static row => row.Count == 2 ? row[1]?.DeepClone() : string.Join('|', row.Skip(1).Select(static c => c?.ToJsonString() ?? "null"));

        Assert.Equal("x", await CellAsync("select echo(parse_json('{\"a\":[1,\"x\"]}')):a[1]::varchar"));
        Assert.Equal("\"text\"|true|1.5|\"2024-02-29\"|[1,2]", await CellAsync("select said('text', true, 1.5, '2024-02-29'::date, [1,2])"));
        Assert.Equal("null|null|null|null|null", await CellAsync("select said(null, null, null, null, null)"));
        Assert.Equal("True", await CellAsync("select echo(null) is null"));
    }

    [Fact]
    public async Task Overloads_are_told_apart_by_the_statement_or_by_the_values()
    {
        await RunAsync($"create external function kind(a varchar) returns varchar api_integration = gate as '{Prefix}text'");
        await RunAsync($"create external function kind(a array) returns varchar api_integration = gate as '{Prefix}array'");
        _service.Value = static row => row[1] is JsonArray ? "array" : "text";
        await RunAsync("create table both as select 'x' as t, [1,2] as a");

        Assert.Equal("text", await CellAsync("select kind('x')"));
        Assert.Equal("array", await CellAsync("select kind([1])"));
        Assert.Equal("text,array", await CellAsync("select kind(t) || ',' || kind(a) from both"));
        Assert.Equal(["(A VARCHAR(16777216))", "(A ARRAY)"], _service.Calls.TakeLast(2).Select(static c => c.Headers["sf-external-function-signature"].ToString()).OrderDescending());
    }

    [Fact]
    public async Task A_view_calls_too_whichever_session_reads_it()
    {
        await RunAsync("create view doubled as select twice(column1) as x from values (1), (2)");
        using var other = _engine.OpenSession();

        Assert.Equal([2m, 4m], (await other.ExecuteAsync("select x from doubled order by x")).Rows.Select(static r => Convert.ToDecimal(r[0], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task A_view_calls_its_function_as_it_is_when_the_view_is_read()
    {
        await RunAsync("create view doubled as select twice(21) as x");
        await RunAsync($"create or replace external function twice(n number(38,0)) returns number(38,0) api_integration = gate headers = ('v' = 'two') as '{Prefix}other'");
        Assert.Equal("42", await CellAsync("select x from doubled"));
        Assert.Equal("two", _service.Calls.Last().Headers["sf-custom-v"].ToString());

        await RunAsync($"create or replace api integration gate api_provider = aws_api_gateway api_allowed_prefixes = ('{Prefix}') enabled = false");
        Assert.Equal("100350", (await RefusedAsync("select x from doubled")).Code);
        await RunAsync("drop integration gate");
        Assert.Equal("100350", (await RefusedAsync("select x from doubled")).Code);
        await RunAsync("drop function twice(number)");
        Assert.Equal("002140", (await RefusedAsync("select x from doubled")).Code);
        Assert.Single(_service.Calls);
    }

    [Fact]
    public async Task A_description_calls_nothing()
    {
        var described = await _session.ExecuteAsync("select twice(1) as x", describeOnly: true);

        Assert.Equal("X", Assert.Single(described.Columns).Name);
        Assert.Empty(_service.Calls);
    }

    [Theory]
    [InlineData("array_size(echo([1,2]))")]
    [InlineData("div0(1, twice(1))")]
    [InlineData("iff(is_array(echo([1])), 1, 0)")]
    [InlineData("typeof(echo(1))")]
    [InlineData("1 / twice(1)")]
    public async Task A_rule_that_names_its_argument_twice_sends_it_once(string expression)
    {
        await RunAsync($"create external function echo(v variant) returns variant api_integration = gate as '{Prefix}echo'");
        _service.Value = static row => row[1] is JsonArray ? row[1]!.DeepClone() : 2;

        await RunAsync($"select {expression} as x");

        Assert.Single(_service.Calls);
    }

    [Fact]
    public async Task A_disabled_integration_calls_nothing()
    {
        await RunAsync($"create or replace api integration gate api_provider = aws_api_gateway api_allowed_prefixes = ('{Prefix}') enabled = false");

        Assert.Equal("100350", (await RefusedAsync("select twice(1)")).Code);
        Assert.Empty(_service.Calls);
    }

    [Theory]
    [InlineData("create external function f(n number) returns number api_integration = nowhere as 'https://gate.test/prod/f'", "002003")]
    [InlineData("create external function f(n number) returns number api_integration = gate as 'https://elsewhere.test/f'", "001008")]
    [InlineData("create external function f(n number) returns number as 'https://gate.test/prod/f'", "001003")]
    [InlineData("create external function twice(n number) returns number api_integration = gate as 'https://gate.test/prod/f'", "002002")]
    [InlineData("create function f(n number) returns number language python as $$ x $$", "000002")]
    [InlineData("create api integration g api_provider = somebody api_allowed_prefixes = ('https://x/') enabled = true", "001008")]
    [InlineData("create api integration g api_provider = aws_api_gateway enabled = true", "001003")]
    [InlineData("drop function twice(varchar)", "002003")]
    [InlineData("drop integration nowhere", "002003")]
    [InlineData("select twice()", "001044")]
    [InlineData("select twice(1, 2)", "001044")]
    [InlineData("select other.twice(1)", "002140")]
    [InlineData("describe function twice(varchar)", "002003")]
    public async Task What_cannot_be_is_refused_with_its_number(string sql, string code) => Assert.Equal(code, (await RefusedAsync(sql)).Code);

    [Fact]
    public async Task Functions_and_integrations_are_shown_described_granted_and_dropped()
    {
        Assert.Equal("TWICE(NUMBER) RETURN NUMBER", (await RunAsync("show external functions")).Rows[0][5]);
        Assert.Equal("GATE", (await RunAsync("show integrations like 'g%'")).Rows[0][0]);
        Assert.Contains((await RunAsync("describe function twice(number)")).Rows, static r => (string)r[0]! == "signature" && (string)r[1]! == "(N NUMBER)");
        Assert.Contains((await RunAsync("describe integration gate")).Rows, static r => (string)r[0]! == "ENABLED" && (string)r[2]! == "true");
        await RunAsync("create role analyst");
        await RunAsync("grant usage on function twice(number) to role analyst");
        await RunAsync("grant usage on integration gate to role analyst");
        Assert.Equal(2, (await RunAsync("show grants to role analyst")).Rows.Count);
        await RunAsync("drop function public.twice(number)");
        await RunAsync("drop function if exists twice(number)");
        Assert.Equal("002140", (await RefusedAsync("select twice(1)")).Code);
    }
}
