using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CsCheck;
using Sophia.SnowflakeEmulator.Queries;

namespace Sophia.SnowflakeEmulator.Tests;

/// <summary>Callers who mean harm, or know no measure: the server answers each of them, and everybody else as before.</summary>
public sealed class HostileTests(RunningEmulator server) : IClassFixture<RunningEmulator>
{
    private const string Endless = "select count(*) from table(generator(rowcount => 100000000000)) a";

    private static string? Code(JsonElement answer) => answer.GetProperty("code").GetString();
    private static string Cell(JsonElement answer) => answer.GetProperty("data").GetProperty("rowset")[0][0].GetString()!;

    private async Task<(HttpStatusCode Status, JsonElement Answer)> SendAsync(HttpMethod method, string path, string? token, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (token is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Snowflake Token=\"{token}\"");
        using var response = await server.Client.SendAsync(request);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    private async Task StillAnswersAsync() => Assert.Equal("1", Cell(await server.RunAsync(await server.TokenAsync(), "select 1")));

    [Fact]
    public async Task One_sessions_request_id_is_nothing_in_another_and_repeats_at_once_run_once()
    {
        var (mine, other) = (await server.TokenAsync(), await server.TokenAsync());
        await server.RunAsync(mine, "create or replace table shared_id (who int)");
        var request = Guid.NewGuid().ToString();

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => server.RunAsync(i % 2 == 0 ? mine : other, $"insert into shared_id values ({i % 2})", request)));

        Assert.All(answers, answer => Assert.Equal("1", Cell(answer)));
        Assert.Equal("2", Cell(await server.RunAsync(mine, "select count(*) from shared_id")));
    }

    [Fact]
    public async Task Only_its_own_session_stops_a_statement_and_what_has_ended_is_not_stopped()
    {
        var (mine, other) = (await server.TokenAsync(), await server.TokenAsync());
        var (slow, done) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        await server.RunAsync(mine, "select 7", done);
        var running = server.RunAsync(mine, Endless, slow);
        for (var i = 0; i < 3_000 && server.Running == 0; i++) await Task.Delay(10);

        Assert.Equal("000605", Code(await server.PostAsync("/queries/v1/abort-request", new { requestId = slow }, other)));
        Assert.Equal("000605", Code(await server.PostAsync("/queries/v1/abort-request", new { requestId = done }, mine)));
        Assert.Equal("000605", Code(await server.PostAsync("/queries/v1/abort-request", new { requestId = "never" }, mine)));
        Assert.False(running.IsCompleted);
        Assert.True((await server.PostAsync("/queries/v1/abort-request", new { requestId = slow }, mine)).GetProperty("success").GetBoolean());
        Assert.Equal("000604", Code(await running));
        Assert.Equal("7", Cell(await server.RunAsync(mine, "select 7", done)));
    }

    [Fact]
    public async Task A_stop_that_meets_the_end_of_its_statement_leaves_a_result_or_an_error_and_the_session_whole()
    {
        var token = await server.TokenAsync();
        await server.RunAsync(token, "create or replace table raced (n int)");
        var written = 0;
        for (var i = 0; i < 120; i++)
        {
            var id = Guid.NewGuid().ToString();
            var running = server.RunAsync(token, "insert into raced select 1 from table(generator(rowcount => 2000)) g", id);
            await Task.Delay(TimeSpan.FromMilliseconds(i % 12 / 2.0));
            await server.PostAsync("/queries/v1/abort-request", new { requestId = id }, token);
            var answer = await running;
            if (Code(answer) is null) written += int.Parse(Cell(answer), System.Globalization.CultureInfo.InvariantCulture);
            else Assert.Equal("000604", Code(answer));
        }

        Assert.Equal(written.ToString(System.Globalization.CultureInfo.InvariantCulture), Cell(await server.RunAsync(token, "select count(*) from raced")));
    }

    [Fact]
    public async Task A_token_is_good_for_what_it_is_for_and_no_longer_than_its_session()
    {
        var login = (await server.LoginAsync()).GetProperty("data");
        var (token, master) = (login.GetProperty("token").GetString()!, login.GetProperty("masterToken").GetString()!);

        Assert.Equal("390111", Code(await server.RunAsync(master, "select 1")));
        Assert.Equal("390113", Code(await server.PostAsync("/session/token-request", new { requestType = "RENEW" }, token)));
        foreach (var made in new[] { "", "x", token + "x", token[..^1], "ver:1-" + new string('A', 64), "null" })
            Assert.Equal("390111", Code((await SendAsync(HttpMethod.Post, $"/queries/v1/query-request?requestId={Guid.NewGuid()}", made, Json("""{"sqlText":"select 1"}"""))).Answer));
        await server.PostAsync("/session?delete=true", new { }, token);
        Assert.Equal("390113", Code(await server.PostAsync("/session/token-request", new { requestType = "RENEW" }, master)));
        Assert.Equal("390111", Code(await server.RunAsync(token, "select 1")));
    }

    [Fact]
    public async Task Bodies_that_are_too_large_too_deep_or_grow_when_unpacked_are_refused()
    {
        var token = await server.TokenAsync();
        var path = $"/queries/v1/query-request?requestId={Guid.NewGuid()}";

        var deep = await SendAsync(HttpMethod.Post, path, token, Json($$"""{"sqlText":"select 1","bindings":{{new string('[', 200_000)}}{{new string(']', 200_000)}}}"""));
        Assert.Equal((HttpStatusCode.BadRequest, "390400"), (deep.Status, Code(deep.Answer)));
        var bomb = new ByteArrayContent(Gzip(new byte[100 << 20]));
        bomb.Headers.ContentEncoding.Add("gzip");
        var grown = await SendAsync(HttpMethod.Post, path, token, bomb);
        Assert.True(grown.Status is HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.BadRequest, grown.Status.ToString());
        Assert.Equal("390400", Code(grown.Answer));
        var many = await SendAsync(HttpMethod.Post, path, token, Json("""{"sqlText":"select 1","bindings":{"70000":{"type":"TEXT","value":"x"}}}"""));
        Assert.Equal("390400", Code(many.Answer));
        await StillAnswersAsync();
    }

    [Fact]
    public async Task Large_values_and_long_lists_are_bound()
    {
        var token = await server.TokenAsync();
        await server.RunAsync(token, "create or replace table large (n int, t varchar)");
        var (text, numbers) = (new string('ä', 5_000_000), Enumerable.Range(0, 300_000).Select(static i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToArray());

        var one = await BoundAsync("insert into large select ?, ?", ("FIXED", "1"), ("TEXT", text));
        var list = await BoundAsync("insert into large (n) values (?)", ("FIXED", numbers));

        Assert.Equal(("1", "300000"), (Cell(one), Cell(list)));
        Assert.Equal("5000000", Cell(await server.RunAsync(token, "select max(length(t)) from large")));
        Assert.Equal("5000000", Cell(await BoundAsync("select length(?)", ("TEXT", text))));

        Task<JsonElement> BoundAsync(string sql, params (string Type, object Value)[] values) => server.PostAsync(
            $"/queries/v1/query-request?requestId={Guid.NewGuid()}",
            new { sqlText = sql, bindings = values.Select(static (v, i) => (v, i)).ToDictionary(static p => $"{p.i + 1}", static p => new { type = p.v.Type, value = p.v.Value }) }, token);
    }

    [Theory]
    [InlineData("(", "1", ")", 5_000)]
    [InlineData("not ", "true", "", 5_000)]
    [InlineData("- ", "1", "", 5_000)]
    [InlineData("1+", "1", "", 200_000)]
    [InlineData("1/", "1", "", 200_000)]
    [InlineData("'a'||", "'a'", "", 100_000)]
    [InlineData("true and ", "true", "", 100_000)]
    [InlineData("true or ", "true", "", 100_000)]
    [InlineData("case when true then ", "1", " end", 5_000)]
    [InlineData("abs(", "1", ")", 5_000)]
    [InlineData("(select ", "1", ")", 5_000)]
    [InlineData("[", "1", "]", 5_000)]
    [InlineData("{'a':", "1", "}", 5_000)]
    public async Task What_is_nested_or_strung_together_without_end_is_refused_at_once(string before, string middle, string behind, int times)
    {
        var sql = "select " + string.Concat(Enumerable.Repeat(before, times)) + middle + string.Concat(Enumerable.Repeat(behind, times));
        var start = Stopwatch.GetTimestamp();

        Assert.Equal("001003", Code(await server.RunAsync(await server.TokenAsync(), sql)));

        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), Stopwatch.GetElapsedTime(start).ToString());
        await StillAnswersAsync();
    }

    [Fact]
    public async Task A_text_longer_than_snowflake_takes_is_refused() =>
        Assert.Equal("000002", Code(await server.RunAsync(await server.TokenAsync(), "select 1 -- " + new string('x', 1_100_000))));

    [Fact]
    public async Task Json_that_is_nested_without_end_is_read_or_refused()
    {
        var token = await server.TokenAsync();
        const string Deep = "parse_json(repeat('[', 200000) || repeat(']', 200000))";
        foreach (var sql in new[] { $"select typeof({Deep})", $"select {Deep}[0] is null", $"select array_size({Deep})", $"select count(*) from table(flatten({Deep}))", $"select {Deep}::vector(float, 2)", $"select length({Deep}::varchar)" })
        {
            var answer = await server.RunAsync(token, sql);
            Assert.True(Code(answer) is null || Code(answer)!.Length == 6, sql);
        }
        await StillAnswersAsync();
    }

    [Fact]
    public async Task Fifty_sessions_write_read_stop_and_fetch_chunks_at_once()
    {
        await server.RunAsync(await server.TokenAsync(), "create or replace table busy (who int, n int)");

        await Task.WhenAll(Enumerable.Range(0, 50).Select(async who =>
        {
            var token = await server.TokenAsync();
            for (var n = 0; n < 4; n++) Assert.Equal("1", Cell(await server.RunAsync(token, $"insert into busy values ({who}, {n})")));
            await server.RunAsync(token, "begin");
            await server.RunAsync(token, $"insert into busy values ({who}, 100)");
            await server.RunAsync(token, who % 2 == 0 ? "commit" : "rollback");
            var data = (await server.RunAsync(token, $"select seq4(), {who}, uuid_string() from table(generator(rowcount => 3000))")).GetProperty("data");
            var rows = data.GetProperty("rowset").GetArrayLength();
            foreach (var chunk in data.GetProperty("chunks").EnumerateArray())
            {
                await using var packed = await server.Client.GetStreamAsync(chunk.GetProperty("url").GetString());
                await using var plain = new GZipStream(packed, CompressionMode.Decompress);
                using var reader = new StreamReader(plain);
                var read = JsonDocument.Parse($"[{await reader.ReadToEndAsync()}]").RootElement;
                Assert.All(read.EnumerateArray(), row => Assert.Equal($"{who}", row[1].GetString()));
                rows += read.GetArrayLength();
            }
            Assert.Equal(3000, rows);
            var stopped = Guid.NewGuid().ToString();
            var running = server.RunAsync(token, Endless, stopped);
            string? code;
            do code = Code(await server.PostAsync("/queries/v1/abort-request", new { requestId = stopped }, token));
            while (code == "000605");
            Assert.Equal("000604", Code(await running));
            Assert.Equal(who % 2 == 0 ? "5" : "4", Cell(await server.RunAsync(token, $"select count(*) from busy where who = {who}")));
            await server.PostAsync("/session?delete=true", new { }, token);
        }));

        Assert.Equal("225", Cell(await server.RunAsync(await server.TokenAsync(), "select count(*) from busy")));
        Assert.Equal(0, server.Running);
    }

    [Fact]
    public async Task Sessions_beyond_the_most_are_refused_until_one_ends()
    {
        await using var small = new RunningEmulator { Settings = ["--Emulator:MaxSessions=3"] };
        await small.InitializeAsync();
        var tokens = new[] { await small.TokenAsync(), await small.TokenAsync(), await small.TokenAsync() };

        Assert.Equal("390195", Code(await small.LoginAsync()));
        await small.PostAsync("/session?delete=true", new { }, tokens[0]);
        Assert.True((await small.LoginAsync()).GetProperty("success").GetBoolean());
    }

    [Fact]
    public async Task A_session_that_ends_stops_its_statements_and_frees_its_results()
    {
        await using var own = new RunningEmulator();
        await own.InitializeAsync();
        var token = await own.TokenAsync();
        var large = own.RunAsync(token, "select seq4(), uuid_string() from table(generator(rowcount => 100000000))");
        for (var i = 0; i < 400 && own.Service<ChunkSpace>().Bytes == 0; i++) await Task.Delay(20);
        var waiting = own.RunAsync(token, "select 1");
        for (var i = 0; i < 400 && own.Running < 2; i++) await Task.Delay(20);

        await own.PostAsync("/session?delete=true", new { }, token);

        Assert.Equal(("000604", "000604"), (Code(await large), Code(await waiting)));
        for (var i = 0; i < 100 && own.Service<ChunkSpace>().Bytes > 0; i++) await Task.Delay(20);
        Assert.Equal(0, own.Service<ChunkSpace>().Bytes);
    }

    [Fact]
    public async Task No_address_header_or_altered_request_makes_it_fail()
    {
        var token = await server.TokenAsync();
        const string Whole = """{"sqlText":"select ?, :1","asyncExec":false,"describeOnly":false,"bindings":{"1":{"type":"FIXED","value":"7"}},"parameters":{"MULTI_STATEMENT_COUNT":1},"sequenceId":1}""";
        var altered = Gen.Select(Gen.Int[0, Whole.Length - 1], Gen.Int[0, Whole.Length - 1], Gen.Char[' ', '~'].Array[0, 3])
            .Select(static (from, to, put) => Whole[..Math.Min(from, to)] + new string(put) + Whole[Math.Max(from, to)..]);
        var path = OneOf("/queries/v1/query-request?requestId=ID", "/queries/v1/query-request", "/queries/x/result", "/queries/%00/result", "/queries/ID/result", "/monitoring/queries/ID", "/chunks/ID/0", "/chunks/ID/99999999999",
            "/chunks/%2f/1", "/session?delete=true&delete=false", "/session/heartbeat", "/session/token-request", "/queries/v1/abort-request?requestId=ID", "/telemetry/send", "/nothing", "/health");
        var header = OneOf($"Snowflake Token=\"{token}\"", "Snowflake Token=\"\"", "Snowflake Token=", "Basic x", "Snowflake Token=\"" + new string('x', 9_000) + "\"", "");

        await Gen.Select(path, altered, header, Gen.Bool).SampleAsync(async (address, body, authorization, post) =>
        {
            using var request = new HttpRequestMessage(post ? HttpMethod.Post : HttpMethod.Get, address.Replace("ID", Guid.NewGuid().ToString(), StringComparison.Ordinal));
            if (post) request.Content = Json(body);
            if (authorization.Length > 0) request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var response = await server.Client.SendAsync(request);
            Assert.True((int)response.StatusCode is 200 or 400 or 404 or 405, $"{request.Method} {address} {body}: {response.StatusCode}");
        }, iter: 800);

        await StillAnswersAsync();
    }

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static StringContent Json(string text) => new(text, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(bytes);
        return packed.ToArray();
    }
}
