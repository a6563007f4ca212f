using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CsCheck;

namespace Sophia.SnowflakeEmulator.Tests;

/// <summary>What drivers rely on and rarely show: renewal, repeats, refusals, many sessions, and a caller that knows no protocol.</summary>
public sealed class ProtocolTests(RunningEmulator server) : IClassFixture<RunningEmulator>
{
    private static string? Code(JsonElement answer) => answer.GetProperty("code").GetString();
    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
    private static string Cell(JsonElement answer) => answer.GetProperty("data").GetProperty("rowset")[0][0].GetString()!;

    [Fact]
    public async Task An_expired_session_is_renewed_by_its_master_token_until_that_ends_too()
    {
        var login = (await server.LoginAsync()).GetProperty("data");
        var (token, master) = (login.GetProperty("token").GetString()!, login.GetProperty("masterToken").GetString()!);

        server.Clock.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal("390112", Code(await server.RunAsync(token, "select 1")));
        var renewed = (await server.PostAsync("/session/token-request", new { oldSessionToken = token, requestType = "RENEW" }, master)).GetProperty("data");
        Assert.Equal("1", Cell(await server.RunAsync(renewed.GetProperty("sessionToken").GetString()!, "select 1")));
        Assert.Equal("390113", Code(await server.PostAsync("/session/token-request", new { requestType = "RENEW" }, master)));

        server.Clock.Advance(TimeSpan.FromHours(5));
        Assert.Equal("390114", Code(await server.PostAsync("/session/token-request", new { requestType = "RENEW" }, renewed.GetProperty("masterToken").GetString()!)));
    }

    [Fact]
    public async Task A_repeated_request_is_run_once_and_answered_twice()
    {
        var token = await server.TokenAsync();
        await server.RunAsync(token, "create or replace table once (x int)");
        var request = Guid.NewGuid().ToString();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => server.RunAsync(token, "insert into once values (1)", request)));

        Assert.All(answers, answer => Assert.Equal("1", Cell(answer)));
        Assert.Single(answers.Select(a => a.GetProperty("data").GetProperty("queryId").GetString()).Distinct());
        Assert.Equal("1", Cell(await server.RunAsync(token, "select count(*) from once")));
    }

    [Fact]
    public async Task A_closed_session_is_gone_and_nobody_reads_another_sessions_statement()
    {
        var (mine, other) = (await server.TokenAsync(), await server.TokenAsync());
        var id = (await server.RunAsync(mine, "select 1")).GetProperty("data").GetProperty("queryId").GetString();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/queries/{id}/result");
        request.Headers.Authorization = new AuthenticationHeaderValue("Snowflake", $"Token=\"{other}\"");
        using var response = await server.Client.SendAsync(request);

        Assert.Equal("000709", Code(JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement));
        await server.PostAsync("/session?delete=true", new { }, mine);
        Assert.Equal("390111", Code(await server.RunAsync(mine, "select 1")));
    }

    [Fact]
    public async Task A_key_pair_token_is_refused_with_another_key_fingerprint_user_or_time()
    {
        using var stranger = RSA.Create(2048);
        var fingerprint = Login.KeyPairToken.Fingerprint(server.Key);
        var now = server.Clock.GetUtcNow().ToUnixTimeSeconds();

        Assert.True(await Accepted(Jwt(server.Key, "TEST.ADA", fingerprint, now, now + 60)));
        Assert.False(await Accepted(Jwt(stranger, "TEST.ADA", fingerprint, now, now + 60)));
        Assert.False(await Accepted(Jwt(server.Key, "TEST.ADA", Login.KeyPairToken.Fingerprint(stranger), now, now + 60)));
        Assert.False(await Accepted(Jwt(server.Key, "TEST.EVE", fingerprint, now, now + 60)));
        Assert.False(await Accepted(Jwt(server.Key, "TEST.ADA", fingerprint, now - 120, now - 60)));
        Assert.False(await Accepted(Jwt(server.Key, "TEST.ADA", fingerprint, now + 600, now + 900)));
        Assert.False(await Accepted("a.b.c"));

        async Task<bool> Accepted(string token) =>
            (await server.LoginAsync(new { ACCOUNT_NAME = "TEST", LOGIN_NAME = "ADA", AUTHENTICATOR = "SNOWFLAKE_JWT", TOKEN = token })).GetProperty("success").GetBoolean();
    }

    private static string Jwt(RSA key, string subject, string fingerprint, long from, long until)
    {
        var head = Base64Url.EncodeToString("""{"alg":"RS256","typ":"JWT"}"""u8);
        var body = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new { iss = $"{subject}.{fingerprint}", sub = subject, iat = from, exp = until }));
        return $"{head}.{body}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes($"{head}.{body}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    [Fact]
    public async Task Fifty_sessions_write_and_read_at_once()
    {
        await server.RunAsync(await server.TokenAsync(), "create or replace table crowd (who int, n int)");

        await Task.WhenAll(Enumerable.Range(0, 50).Select(async who =>
        {
            var token = await server.TokenAsync();
            for (var n = 0; n < 10; n++) Assert.Equal("1", Cell(await server.RunAsync(token, $"insert into crowd values ({who}, {n})")));
            Assert.Equal("10", Cell(await server.RunAsync(token, $"select count(*) from crowd where who = {who}")));
        }));

        Assert.Equal("500", Cell(await server.RunAsync(await server.TokenAsync(), "select count(*) from crowd")));
    }

    [Theory]
    [InlineData("attach 'x.db' as y", "000002")]
    [InlineData("copy (select 1) to 'x.csv'", "000002")]
    [InlineData("select * from read_csv('/etc/passwd')", "000002")]
    [InlineData("select v:a from t", "002003")]
    [InlineData("select 'open", "001003")]
    [InlineData("select no_such_function(1)", "002140")]
    [InlineData("use schema not_there", "002043")]
    [InlineData("use schema \"$account\"", "002043")]
    [InlineData("use schema \"$ACCOUNT\"", "002043")]
    [InlineData("use sophia.\"$account\"", "002043")]
    [InlineData("use schema \"main\"", "002043")]
    [InlineData("select 'x'::number", "100038")]
    [InlineData("", "000900")]
    public async Task What_is_not_understood_is_refused_with_its_number(string sql, string code) =>
        Assert.Equal(code, Code(await server.RunAsync(await server.TokenAsync(), sql)));

    [Theory]
    [InlineData("$account")]
    [InlineData("not_there")]
    public async Task A_log_in_to_a_schema_that_is_not_there_or_not_to_be_seen_is_in_PUBLIC(string schema)
    {
        var login = await server.PostAsync(
            $"/session/v1/login-request?schemaName={Uri.EscapeDataString(schema)}", new { data = new { ACCOUNT_NAME = "TEST", LOGIN_NAME = "ADA", PASSWORD = RunningEmulator.Password } });

        Assert.Equal("PUBLIC", login.GetProperty("data").GetProperty("sessionInfo").GetProperty("schemaName").GetString());
        Assert.Equal("002003", Code(await server.RunAsync(login.GetProperty("data").GetProperty("token").GetString()!, "select * from grants")));
    }

    [Fact]
    public async Task No_bytes_make_it_fail()
    {
        var token = await server.TokenAsync();
        string[] paths = ["/session/v1/login-request", "/session/token-request", "/session?delete=false", "/queries/v1/query-request?requestId=r", "/queries/v1/abort-request"];
        var json = Gen.OneOf(
            Gen.Byte.Array[0, 200],
            Gen.Select(OneOf("data", "dat\\ud800", "sqlText", "bindings", "parameters", "requestId", "asyncExec", "describeOnly", "requestType"),
                OneOf("1", "null", "[]", "{}", "true", "\"\\ud800\"", "\"select ?\"", "-1e999", "{\"1\":{\"type\":\"FIXED\",\"value\":\"x\"}}", "{\"1\":3}", "{\"1\":{\"type\":\"TEXT\",\"value\":\"\\ud800\"}}", "{\"\\ud800\":{\"type\":\"TEXT\",\"value\":\"x\"}}", "{\"1\":{\"typ\\ud800\":1}}", "{\"LOGIN_NAME\":[]}", "{\"MULTI_STATEMENT_COUNT\":\"x\"}")).Array[0, 4]
                .Select(pairs => Encoding.UTF8.GetBytes("{" + string.Join(',', pairs.Select(p => $"\"{p.Item1}\":{p.Item2}")) + "}")));

        await Gen.Select(OneOf(paths), json, Gen.Bool).SampleAsync(async (path, body, gzip) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path + (path.Contains("requestId", StringComparison.Ordinal) ? Guid.NewGuid().ToString() : "")) { Content = new ByteArrayContent(body) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Snowflake", $"Token=\"{token}\"");
            if (gzip) request.Content.Headers.ContentEncoding.Add("gzip");
            using var response = await server.Client.SendAsync(request);
            Assert.True((int)response.StatusCode is 200 or 400, $"{path} {Encoding.UTF8.GetString(body)} {response.StatusCode}");
            Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("data").ValueKind);
        }, iter: 500);

        Assert.Equal("1", Cell(await server.RunAsync(token, "select 1")));
    }

    [Theory]
    [InlineData("""{"sqlText":"select ?","bindings":{"1":{"type":"TEXT","value":"\ud800"}}}""")]
    [InlineData("""{"sqlText":"select ?","bindings":{"\ud800":{"type":"TEXT","value":"x"}}}""")]
    [InlineData("""{"sqlText":"select ?","bindings":{"1":{"typ\ud800":1}}}""")]
    [InlineData("""{"sqlTex\ud800":1}""")]
    [InlineData("""{"sqlText":"select 1","parameters":{"MULTI_STATEMENT_COUNT":"\ud800"}}""")]
    public async Task Half_of_a_surrogate_pair_is_refused_and_no_fault_of_the_server(string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/queries/v1/query-request?requestId={Guid.NewGuid()}") { Content = new StringContent(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Snowflake", $"Token=\"{await server.TokenAsync()}\"");

        using var response = await server.Client.SendAsync(request);

        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal("390400", Code(JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement));
    }

    [Theory]
    [InlineData("inf", "inf")]
    [InlineData("-inf", "-inf")]
    [InlineData("Infinity", "inf")]
    public async Task An_infinite_number_is_bound_and_comes_back(string bound, string shown)
    {
        var answer = await server.PostAsync(
            $"/queries/v1/query-request?requestId={Guid.NewGuid()}", new { sqlText = "select ?", bindings = new Dictionary<string, object> { ["1"] = new { type = "REAL", value = bound } } }, await server.TokenAsync());

        Assert.Equal(shown, Cell(answer));
    }

    [Fact]
    public async Task Other_machines_are_let_in_only_where_that_is_said()
    {
        var error = await Assert.ThrowsAsync<EmulatorConfigurationException>(() => EmulatorHost.BuildAsync(["--urls=http://0.0.0.0:0"]));

        Assert.Contains("AllowRemote", error.Message, StringComparison.Ordinal);
    }
}
