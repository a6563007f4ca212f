using System.Net;
using System.Text;
using System.Text.Json;
using CsCheck;

namespace Sophia.Tests.Api;

public sealed class HostileInputTests(ApiHost api) : IClassFixture<ApiHost>
{
    private const string One = "/v1/namespaces/h/memories/k";
    private const string Many = "/v1/namespaces/h/memories";
    private const string Find = "/v1/namespaces/h/search";

    public static TheoryData<string, string, string?, string> Inputs => new()
    {
        { "PUT", One, "", "malformed-json" },
        { "PUT", One, "{", "malformed-json" },
        { "PUT", One, "{\"content\":\"x\"} trailing", "malformed-json" },
        { "PUT", One, "{\"content\":NaN}", "malformed-json" },
        { "PUT", One, "{\"content\":" + new string('[', 1000) + new string(']', 1000) + "}", "malformed-json" },
        { "PUT", One, "[]", "invalid-request" },
        { "PUT", One, "{\"content\":\"x\",\"content\":\"y\"}", "invalid-request" },
        { "PUT", One, "{\"content\":\"x\",\"colour\":1}", "invalid-request" },
        { "PUT", One, "{\"content\":\"\\ud800\"}", "invalid-request" },
        { "PUT", One, "{\"content\":{\"a\":\"\\ud800\"}}", "invalid-request" },
        { "PUT", One, "{\"content\":\"x\",\"attributes\":{\"a\":1,\"a\":2}}", "invalid-request" },
        { "PUT", One, "{\"content\":\"x\",\"attributes\":[]}", "invalid-request" },
        { "PUT", One, "{\"content\":\"x\",\"expiresAt\":\"tomorrow\"}", "invalid-request" },
        { "PUT", One, "{\"content\":\"x\",\"ttlSeconds\":1e999}", "invalid-request" },
        { "PUT", One, "{\"content\":\"x\",\"tags\":\"a\"}", "invalid-request" },
        { "PUT", One, "{\"content\":\"x\",\"vector\":[1e999]}", "invalid-vector" },
        { "PUT", One, "{\"content\":\"x\",\"vector\":[\"NaN\"]}", "invalid-vector" },
        { "PUT", One, "{\"content\":\"x\",\"vector\":[]}", "invalid-vector" },
        { "PUT", One, "{\"content\":\"x\",\"tags\":[" + string.Join(',', Enumerable.Repeat("\"t\"", 100_000)) + "]}", "invalid-record" },
        { "PUT", One, "{}", "invalid-record" },
        { "PUT", "/v1/namespaces/h/memories/" + new string('k', 600), "{\"content\":\"x\"}", "invalid-key" },
        { "PUT", "/v1/namespaces/h/memories/%FF", "{\"content\":\"x\"}", "invalid-key" },
        { "PUT", "/v1/namespaces/UPPER/memories/k", "{\"content\":\"x\"}", "invalid-namespace" },
        { "PUT", One + "?x=1", "{\"content\":\"x\"}", "invalid-request" },
        { "POST", Many, "{\"items\":[]}", "invalid-request" },
        { "POST", Many, "{\"items\":[{\"key\":\"a\"", "malformed-json" },
        { "POST", Many, "{\"items\":[" + string.Join(',', Enumerable.Repeat("{}", 1001)) + "]}", "too-large" },
        { "POST", Find, "{\"query\":\"x\",\"k\":99999999999999999999}", "invalid-request" },
        { "POST", Find, "{\"query\":\"x\",\"k\":0}", "invalid-request" },
        { "POST", Find, "{}", "invalid-request" },
        { "POST", Find, "{\"query\":\"x\",\"minSequence\":\"zzz\"}", "invalid-token" },
        { "POST", Find, "{\"query\":\"x\",\"mode\":\"magic\"}", "invalid-request" },
        { "GET", "/v1/namespaces?cursor=" + Sophia.Api.Reading.Cursor.Write("namespaces\u001flocal\u001e0\u001e", "a\0"), null, "invalid-cursor" },
        { "POST", Find, "{\"query\":\"x\",\"\\ud800\":1}", "*" },
        { "POST", Find, "{\"vector\":[1,2,3]}", "vector-dimension-mismatch" },
        { "POST", "/v1/namespaces/h/forget", "{}", "invalid-request" },
        { "POST", "/v1/namespaces/h/forget", "{\"prefix\":\"\"}", "invalid-request" },
        { "POST", "/v1/namespaces/h/forget", "{\"prefix\":\"a\\u0000\",\"dryRun\":true}", "invalid-request" },
        { "POST", "/v1/namespaces/h/forget", "{\"filter\":{\"keyPrefix\":\"a\\u0000\"},\"dryRun\":true}", "invalid-request" },
        { "POST", "/v1/namespaces/h/forget", "{\"filter\":{\"attributes\":{\"priority\":{}}},\"dryRun\":true}", "invalid-request" },
        { "POST", Find, "{\"query\":\"x\",\"filter\":{\"attributes\":{\"lang\":\"en\",\"priority\":{}}}}", "invalid-request" },
        { "POST", Find, "{\"query\":\"x\",\"filter\":{\"keyPrefix\":\"a\\u0000\"}}", "invalid-request" },
        { "GET", "/v1/namespaces/%24sessions/memories/k", null, "invalid-namespace" },
        { "GET", Many + "?limit=0", null, "invalid-request" },
        { "GET", Many + "?limit=99999999999", null, "invalid-request" },
        { "GET", Many + "?cursor=AAAA", null, "invalid-cursor" },
        { "GET", Many + "?attr=x", null, "invalid-request" },
        { "GET", One + "?asOf=never", null, "invalid-request" },
        { "GET", "/v1/namespaces/absent/memories/k", null, "namespace-not-found" },
        { "GET", "/v1/sessions/absent", null, "session-not-found" },
        { "GET", "/nowhere", null, "not-found" },
        { "PATCH", One, "{}", "method-not-allowed" },
    };

    [Theory]
    [MemberData(nameof(Inputs))]
    public async Task What_cannot_be_taken_is_refused_with_a_code(string method, string path, string? body, string code)
    {
        await api.SendAsync(HttpMethod.Put, "/v1/namespaces/h/memories/seed", """{"content":"seed"}""");
        using var response = await api.SendAsync(new HttpMethod(method), path, body);
        await AssertProblemAsync(response, code);
    }

    [Theory]
    [InlineData("Content-Type", "application/json; charset=utf-16", "unsupported-media-type")]
    [InlineData("Content-Type", "application/x-www-form-urlencoded", "unsupported-media-type")]
    [InlineData("Content-Encoding", "gzip", "unsupported-media-type")]
    [InlineData("If-Match", "unquoted", "invalid-request")]
    [InlineData("If-None-Match", "\"abc\"", "invalid-request")]
    [InlineData("Host", "evil.example", "loopback-only")]
    [InlineData("Origin", "http://evil.example", "loopback-only")]
    [InlineData("X-Forwarded-For", "203.0.113.7", "loopback-only")]
    [InlineData("Sophia-Tenant", "other", "forbidden")]
    public async Task A_header_that_cannot_be_taken_is_refused_with_a_code(string name, string value, string code)
    {
        using var response = await api.SendAsync(HttpMethod.Put, One, """{"content":"x"}""", (name, value));
        await AssertProblemAsync(response, code);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("203.0.113.7")]
    public async Task Where_forwarding_headers_are_believed_nobody_can_say_that_he_is_on_this_machine(string claim)
    {
        using var host = new ApiHost(new Dictionary<string, string> { ["ForwardedHeaders_Enabled"] = "true" });
        using var direct = await host.SendAsync(HttpMethod.Get, "/v1/namespaces");
        Assert.Equal(HttpStatusCode.OK, direct.StatusCode);

        using var response = await host.SendAsync(HttpMethod.Get, "/v1/namespaces", null, ("X-Forwarded-For", claim));
        await AssertProblemAsync(response, "loopback-only");
    }

    [Fact]
    public async Task An_idempotency_key_over_255_characters_is_refused()
    {
        using var response = await api.SendAsync(HttpMethod.Put, One, """{"content":"x"}""", ("Idempotency-Key", new string('k', 256)));
        await AssertProblemAsync(response, "invalid-request");
    }

    [Theory]
    [InlineData("PUT", One, """{"\ud800":1,"content":"x"}""")]
    [InlineData("PUT", One, """{"\ud800\ud800\ud800":1,"content":"x"}""")]
    [InlineData("PUT", One, """{"aaaaaaa\ud800":1,"content":"x"}""")]
    [InlineData("PUT", One, """{"content":"x","ifPresent":"\ud800\ud800"}""")]
    [InlineData("PUT", One, """{"content":"x","provenance":{"\ud800":"x"}}""")]
    [InlineData("POST", Many, """{"\ud800":[]}""")]
    public async Task A_name_with_half_a_surrogate_pair_is_refused(string method, string path, string body)
    {
        using var response = await api.SendAsync(new HttpMethod(method), path, body);
        await AssertProblemAsync(response, "*");
    }

    [Theory]
    [InlineData("yesterday", "0001-01-01T00:00:00Z")]
    [InlineData("what happened today", "9999-12-31T23:59:59.999Z")]
    [InlineData("last 999 years", "1000-01-01T00:00:00Z")]
    public async Task A_word_of_time_at_the_ends_of_time_is_searched_for_as_a_word(string query, string asOf)
    {
        await api.SendAsync(HttpMethod.Put, "/v1/namespaces/h/memories/seed", """{"content":"seed"}""");
        using var response = await api.SendAsync(HttpMethod.Post, Find, $$"""{"query":"{{query}}","asOf":"{{asOf}}"}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task No_body_of_any_bytes_gives_a_server_error()
    {
        string[] tokens = ["{", "}", "[", "]", ":", ",", "\"content\"", "\"items\"", "\"key\"", "\"query\"", "\"vector\"", "\"tags\"", "\"a\"", "1", "1e999", "null", "\"\\ud800\"", "\u00ff", " "];
        string[] targets = ["PUT " + One, "POST " + Many, "POST " + Find, "POST /v1/namespaces/h/forget", "POST /v1/sessions/s/turns", "PUT /v1/namespaces/h2"];
        var bodies = Gen.Int[0, tokens.Length - 1].Select(i => tokens[i]).Array[0, 24];
        await Gen.Select(Gen.Int[0, targets.Length - 1].Select(i => targets[i]), bodies).SampleAsync(
            async (target, parts) =>
            {
                var (method, path) = (target.Split(' ')[0], target.Split(' ')[1]);
                using var response = await api.SendAsync(new HttpMethod(method), path, string.Concat(parts));
                Assert.True((int)response.StatusCode < 500, $"{target} {string.Concat(parts)} gave {(int)response.StatusCode}");
            },
            iter: 300, threads: 1);
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, string code)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode is >= 400 and < 500, $"{(int)response.StatusCode} {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal((int)response.StatusCode, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("suggestion").GetString()!);
        Assert.NotEmpty(problem.GetProperty("traceId").GetString()!);
        if (code != "*")
        {
            Assert.Equal(code, problem.GetProperty("code").GetString());
        }
    }

    [Theory]
    [InlineData("1")]
    [InlineData("L1,L0")]
    [InlineData("l1")]
    [InlineData("L3")]
    public async Task Only_a_tier_that_holds_copies_can_be_emptied(string tier)
    {
        using var made = await api.SendAsync(HttpMethod.Put, "/v1/namespaces/h", "{}");
        using var response = await api.SendAsync(HttpMethod.Post, $"/v1/tiers/{tier}/evict?namespace=h");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Asking_a_change_feed_for_its_head_only_ends()
    {
        await api.JsonAsync(HttpMethod.Post, Many, "{\"items\":[{\"key\":\"a\",\"content\":\"x\"}]}");
        using var response = await api.SendAsync(HttpMethod.Head, "/v1/namespaces/h/changes").WaitAsync(TimeSpan.FromSeconds(20));
        using var body = await response.Content.ReadAsStreamAsync();
        Assert.Equal(0, await body.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.True(response.Headers.Contains("Server-Timing"));
    }
}
