using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CsCheck;
using Sophia.Tests.Api;

namespace Sophia.Tests.ExternalFunctions;

/// <summary>The service with two integrations: one for all of tenant red, one for a single namespace of blue.</summary>
public sealed class FunctionHost() : ApiHost(Settings)
{
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["Sophia:ExternalFunctions:Integrations:0:Name"] = "red gateway", ["Sophia:ExternalFunctions:Integrations:0:Tenant"] = "red",
        ["Sophia:ExternalFunctions:Integrations:0:SecretHash"] = Hash("red-secret"),
        ["Sophia:ExternalFunctions:Integrations:1:Name"] = "blue gateway", ["Sophia:ExternalFunctions:Integrations:1:Tenant"] = "blue",
        ["Sophia:ExternalFunctions:Integrations:1:Namespaces:0"] = "shown", ["Sophia:ExternalFunctions:Integrations:1:SecretHash"] = Hash("blue-secret"),
        ["Sophia:ApiKeys:0:Name"] = "red", ["Sophia:ApiKeys:0:Tenant"] = "red", ["Sophia:ApiKeys:0:Hash"] = Hash("red-key"),
        ["Sophia:ApiKeys:0:Scopes:0"] = "read", ["Sophia:ApiKeys:0:Scopes:1"] = "write",
        ["Sophia:ApiKeys:0:Scopes:2"] = "admin",
        ["Sophia:ApiKeys:1:Name"] = "blue", ["Sophia:ApiKeys:1:Tenant"] = "blue", ["Sophia:ApiKeys:1:Hash"] = Hash("blue-key"),
        ["Sophia:ApiKeys:1:Scopes:0"] = "read", ["Sophia:ApiKeys:1:Scopes:1"] = "write",
    };

    private static string Hash(string secret) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}

/// <summary>Sends what Snowflake sends, and what it might.</summary>
public sealed class ConformanceTests(FunctionHost api) : IClassFixture<FunctionHost>
{
    private static readonly HttpClient Client = new();

    private async Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> CallAsync(
        string function, byte[] body, string? batch = null, string secret = "red-secret", bool gzip = false, HttpMethod? method = null)
    {
        using var anyClient = api.CreateClient();
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, $"http://127.0.0.1:{anyClient.BaseAddress!.Port}/v1/snowflake/functions/{function}");
        request.Headers.Add("Sophia-Integration-Secret", secret);
        request.Headers.Add("sf-external-function-format", "json");
        request.Headers.Add("sf-external-function-format-version", "1.0");
        request.Headers.Add("sf-external-function-current-query-id", "01a2-query");
        request.Headers.Add("sf-external-function-query-batch-id", batch ?? Guid.NewGuid().ToString());
        request.Headers.Add("sf-external-function-name-base64", Convert.ToBase64String(Encoding.UTF8.GetBytes("Grüße")));
        if (request.Method == HttpMethod.Post)
        {
            request.Content = new ByteArrayContent(gzip ? Gzip(body) : body);
            request.Content.Headers.ContentType = new("application/json");
            if (gzip)
            {
                request.Content.Headers.ContentEncoding.Add("gzip");
            }
        }

        var response = await Client.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response);
    }

    private Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> CallAsync(string function, string body, string? batch = null, string secret = "red-secret", bool gzip = false) =>
        CallAsync(function, Encoding.UTF8.GetBytes(body), batch, secret, gzip);

    private async Task<JsonElement> RowsAsync(string function, string body, bool gzip = false, string secret = "red-secret")
    {
        var (status, text, _) = await CallAsync(function, body, gzip: gzip, secret: secret);
        Assert.True(status == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("data");
    }

    private async Task RefusedAsync(int status, string code, string function, string body, string secret = "red-secret")
    {
        var (got, text, _) = await CallAsync(function, body, secret: secret);
        Assert.True((int)got == status, text);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.NotEqual("", problem.GetProperty("suggestion").GetString());
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return zipped.ToArray();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rows_come_back_with_their_numbers_in_their_order(bool gzip)
    {
        var rows = await RowsAsync("sophia_similarity", """{"data":[[7,"a dog barks","a dog barks"],[3,null,"x"],[4,"rain in spring","a tax form"],[2147483647,[1,0],[0,2]]]}""", gzip);

        Assert.Equal([7, 3, 4, 2147483647], rows.EnumerateArray().Select(r => r[0].GetInt64()));
        Assert.Equal(1, rows[0][1].GetDouble(), 5);
        Assert.Equal(JsonValueKind.Null, rows[1][1].ValueKind);
        Assert.InRange(rows[2][1].GetDouble(), -1, 0.9);
        Assert.Equal(0, rows[3][1].GetDouble());
    }

    [Fact]
    public async Task The_answer_carries_the_md5_of_its_bytes()
    {
        var (_, body, response) = await CallAsync("sophia_embed", """{"data":[[0,"wörter"]]}""");
#pragma warning disable CA5351 // The header's definition names MD5.
        Assert.Equal(MD5.HashData(Encoding.UTF8.GetBytes(body)), response.Content.Headers.ContentMD5);
#pragma warning restore CA5351
        Assert.Equal(256, JsonDocument.Parse(body).RootElement.GetProperty("data")[0][1].GetArrayLength());
    }

    [Fact]
    public async Task An_empty_batch_has_an_empty_answer() => Assert.Equal(0, (await RowsAsync("SOPHIA_EMBED", """{"data":[]}""")).GetArrayLength());

    [Fact]
    public async Task A_repeat_gives_the_same_bytes_and_a_poll_finds_them()
    {
        var batch = Guid.NewGuid().ToString();
        var first = await CallAsync("sophia_embed", """{"data":[[0,"once"]]}""", batch);
        var repeat = await CallAsync("sophia_embed", """{"data":[[0,"once"]]}""", batch, gzip: true);
        var poll = await CallAsync("sophia_embed", [], batch, method: HttpMethod.Get);

        Assert.Equal(first.Body, repeat.Body);
        Assert.Equal(first.Body, poll.Body);
        Assert.Equal(HttpStatusCode.BadRequest, (await CallAsync("sophia_embed", """{"data":[[0,"twice"]]}""", batch)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await CallAsync("sophia_embed", [], batch, secret: "blue-secret", method: HttpMethod.Get)).Status);
    }

    [Fact]
    public async Task Nothing_of_a_resident_namespace_is_answered_to_snowflake()
    {
        (string, string) red = ("X-Api-Key", "red-key");
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/vault", """{"resident":true}""", HttpStatusCode.Created, red);
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/vault/memories/a", """{"content":"The heron's hidden place."}""", HttpStatusCode.Created, red);

        var (status, body, _) = await CallAsync("sophia_vector_search", """{"data":[[0,"vault","heron",3]]}""");

        Assert.Equal((HttpStatusCode.Conflict, "namespace-resident"), (status, JsonDocument.Parse(body).RootElement.GetProperty("code").GetString()));
        Assert.DoesNotContain("hidden place", body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await CallAsync("sophia_vector_search", """{"data":[[0,"vault","heron",3]]}""", secret: "blue-secret")).Status);
    }

    [Fact]
    public async Task A_search_finds_what_the_tenant_wrote_and_nothing_of_others()
    {
        (string, string) red = ("X-Api-Key", "red-key"), blue = ("X-Api-Key", "blue-key");
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/notes/memories/a", """{"content":"The heron stands in the reeds."}""", HttpStatusCode.Created, red);
        var written = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/notes/memories/b", """{"content":"Invoices are due in May."}""", HttpStatusCode.Created, red);
        await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/notes/search", $$"""{"query":"heron","minSequence":"{{written.GetProperty("sequence").GetString()}}"}""", HttpStatusCode.OK, red);
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/hidden/memories/c", """{"content":"A heron of blue's."}""", HttpStatusCode.Created, blue);

        var rows = await RowsAsync("sophia_vector_search", """{"data":[[0,"notes","heron in reeds",1],[1,"notes",null,1],[2,"notes","heron in reeds","1"]]}""");

        Assert.Equal("a", rows[0][1][0].GetProperty("key").GetString());
        Assert.Equal("The heron stands in the reeds.", rows[0][1][0].GetProperty("content").GetString());
        Assert.True(rows[0][1][0].GetProperty("score").GetDouble() > 0);
        Assert.Equal(JsonValueKind.Null, rows[1][1].ValueKind);
        Assert.Equal(rows[0][1].GetRawText(), rows[2][1].GetRawText());
        await RefusedAsync(400, "namespace-not-found", "sophia_vector_search", """{"data":[[0,"hidden","heron",1]]}""");
        await RefusedAsync(400, "namespace-not-found", "sophia_vector_search", """{"data":[[0,"hidden","heron",1]]}""", "blue-secret");
        await RefusedAsync(400, "namespace-not-found", "sophia_vector_search", """{"data":[[0,"$sessions","heron",1]]}""");
    }

    [Fact]
    public async Task Texts_are_ranked_by_the_query()
    {
        var rows = await RowsAsync("sophia_rerank", """{"data":[[0,"heron reeds",["tax forms are due","the heron in the reeds","a heron"]],[1,"heron","[\"x\",\"heron\"]"],[2,"",["a","b"]],[3,"a",[]],[4,null,[]]]}""");

        Assert.Equal([1, 2, 0], rows[0][1].EnumerateArray().Select(r => r.GetProperty("index").GetInt32()));
        Assert.Equal(1, rows[1][1][0].GetProperty("index").GetInt32());
        Assert.Equal([0, 1], rows[2][1].EnumerateArray().Select(r => r.GetProperty("index").GetInt32()));
        Assert.Equal(0, rows[3][1].GetArrayLength());
        Assert.Equal(JsonValueKind.Null, rows[4][1].ValueKind);
    }

    [Fact]
    public async Task A_hundred_thousand_rows_are_answered_and_one_more_is_refused()
    {
        var body = new StringBuilder("{\"data\":[");
        for (var i = 0; i < 100_000; i++)
        {
            body.Append(i == 0 ? "" : ",").Append('[').Append(i).Append(",\"text ").Append(i % 500).Append("\",\"text 1\"]");
        }

        var rows = await RowsAsync("sophia_similarity", body + "]}", gzip: true);

        Assert.Equal(100_000, rows.GetArrayLength());
        Assert.Equal(99_999, rows[99_999][0].GetInt32());
        Assert.Equal(1, rows[1][1].GetDouble(), 5);
        await RefusedAsync(413, "too-large", "sophia_similarity", body + ",[100000,\"a\",\"b\"]]}");
    }

    [Theory]
    [InlineData("sophia_embed", "", "malformed-batch")]
    [InlineData("sophia_embed", "[]", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":{}}""", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":[0,"a"]}""", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":[["0","a"]]}""", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":[[-1,"a"]]}""", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":[[2147483648,"a"]]}""", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":[[0.5,"a"]]}""", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":[[0,"a"],[0,"b"]]}""", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":[[0]]}""", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":[[0,"a","b"]]}""", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":[],"\ud800":1}""", "malformed-batch")]
    [InlineData("sophia_embed", """{"data":[[0,{}]]}""", "invalid-argument")]
    [InlineData("sophia_embed", """{"data":[[0,"\ud800"]]}""", "invalid-argument")]
    [InlineData("sophia_similarity", """{"data":[[0,[1,2],[1]]]}""", "invalid-argument")]
    [InlineData("sophia_similarity", """{"data":[[0,[1,2],"a"]]}""", "invalid-argument")]
    [InlineData("sophia_similarity", """{"data":[[0,[1e300],[1]]]}""", "invalid-argument")]
    [InlineData("sophia_vector_search", """{"data":[[0,"notes","a",0]]}""", "invalid-argument")]
    [InlineData("sophia_vector_search", """{"data":[[0,"notes","a",1001]]}""", "invalid-argument")]
    [InlineData("sophia_vector_search", """{"data":[[0,"notes"," ",1]]}""", "invalid-argument")]
    [InlineData("sophia_rerank", """{"data":[[0,"q","not an array"]]}""", "invalid-argument")]
    [InlineData("sophia_rerank", """{"data":[[0,"q",[1]]]}""", "invalid-argument")]
    public Task What_Snowflake_would_not_send_is_refused(string function, string body, string code) => RefusedAsync(400, code, function, body);

    [Fact]
    public async Task Broken_gzip_is_refused()
    {
        foreach (var broken in new[] { "not gzip"u8.ToArray(), Gzip("""{"data":[[0,"a"]]}"""u8.ToArray())[..12] })
        {
            using var anyClient = api.CreateClient();
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{anyClient.BaseAddress!.Port}/v1/snowflake/functions/sophia_embed");
            request.Headers.Add("Sophia-Integration-Secret", "red-secret");
            request.Headers.Add("sf-external-function-query-batch-id", Guid.NewGuid().ToString());
            request.Content = new ByteArrayContent(broken);
            request.Content.Headers.ContentEncoding.Add("gzip");
            using var response = await Client.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, text);
            Assert.Matches("malformed-(gzip|batch)", text);
        }
    }

    [Fact]
    public async Task A_call_without_the_secret_is_told_so_and_nothing_else()
    {
        await RefusedAsync(401, "unauthenticated", "sophia_embed", """{"data":[[0,"a"]]}""", "guess");
        await RefusedAsync(401, "unauthenticated", "no_such_function", """{"data":[[0,"a"]]}""", "guess");
        await RefusedAsync(404, "not-found", "no_such_function", """{"data":[[0,"a"]]}""");
    }

    [Fact]
    public async Task No_body_however_wrong_is_a_fault_of_the_service()
    {
        string[] functions = ["sophia_embed", "sophia_similarity", "sophia_vector_search", "sophia_rerank"];
        string[] values = ["0", "-0", "1e999", "\"a\"", "\"\\ud800\"", "null", "true", "[]", "[1]", "[null]", "{}", "{\"data\":[]}", "[[0,\"a\"]]"];
        await Gen.Select(Gen.Int[0, functions.Length - 1], Gen.Int[0, values.Length - 1].Array[0, 5], Gen.Bool).SampleAsync(
            async (int function, int[] chosen, bool whole) =>
            {
                var row = string.Join(',', chosen.Select(c => values[c]));
                var (status, text, _) = await CallAsync(functions[function], whole ? $"{{\"data\":[[0{(row.Length > 0 ? "," : "")}{row}]]}}" : $"{{\"data\":[{row}]}}");
                Assert.True((int)status is 200 or 400, $"{row}: {(int)status} {text}");
            }, iter: 300);
    }
}
