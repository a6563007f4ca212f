using System.Net;

namespace Sophia.Tests.Api;

/// <summary>Writers of JSON in other languages write what JSON does not have.</summary>
public sealed class NotANumberTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("PUT", "/v1/namespaces/numbers/memories/a", """{"content":"x","vector":[0.5,NaN]}""", "NaN")]
    [InlineData("PUT", "/v1/namespaces/numbers/memories/a", "{\"content\":\"x\",\n\"attributes\":{\"n\":-Infinity}}", "Infinity")]
    [InlineData("POST", "/v1/namespaces/numbers/memories", """{"items":[{"key":"a","content":"x","attributes":{"n":Infinity}}]}""", "Infinity")]
    [InlineData("POST", "/v1/namespaces/numbers/search", """{"query":"x","recency":{"weight":NaN,"halfLifeDays":3}}""", "NaN")]
    [InlineData("POST", "/v1/namespaces/numbers/search", "{\"query\":\"é\",\r\n\"k\": -Infinity}", "Infinity")]
    public async Task A_body_with_one_is_refused_by_its_name(string method, string address, string body, string name)
    {
        (await api.SendAsync(HttpMethod.Put, "/v1/namespaces/numbers/memories/there", """{"content":"x"}""")).EnsureSuccessStatusCode();

        var problem = await api.JsonAsync(new HttpMethod(method), address, body, HttpStatusCode.BadRequest);

        Assert.Contains("is no number of JSON", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("malformed-json", problem.GetProperty("code").GetString());
        Assert.Contains($"{name}, at line", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_fault_is_told_as_before()
    {
        (await api.SendAsync(HttpMethod.Put, "/v1/namespaces/numbers/memories/there", """{"content":"x"}""")).EnsureSuccessStatusCode();

        var problem = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/numbers/search", """{"query":"NaN",}""", HttpStatusCode.BadRequest);

        Assert.Contains("not well-formed at line 1, byte 16", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_twice_in_a_batch_is_stored_and_then_replaced_and_a_search_for_more_than_there_are_gives_what_there_is()
    {
        var batch = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/twice/memories", """{"items":[{"key":"a","content":"heron one"},{"key":"a","content":"heron two"}]}""");
        var found = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/twice/search", $$"""{"query":"heron","k":1000,"minSequence":"{{batch.GetProperty("sequence").GetString()}}"}""");

        Assert.Equal(["stored", "replaced"], batch.GetProperty("receipts").EnumerateArray().Select(static receipt => receipt.GetProperty("status").GetString()));
        Assert.Equal("heron two", Assert.Single(found.GetProperty("hits").EnumerateArray()).GetProperty("content").GetString());
    }
}
