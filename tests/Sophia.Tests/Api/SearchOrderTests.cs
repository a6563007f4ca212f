using System.Net;
using System.Text.Json;

namespace Sophia.Tests.Api;

public sealed class SearchOrderTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_promoted_turn_is_found_through_its_neighbour_and_carries_its_context_along()
    {
        await api.JsonAsync(HttpMethod.Post, "/v1/sessions/order1/turns",
            """{"turns":[{"role":"user","content":"Good morning"},{"role":"user","content":"Where did we put the lantern?"},{"role":"assistant","content":"In the cupboard under the stairs."}]}""");
        var closed = await api.JsonAsync(HttpMethod.Post, "/v1/sessions/order1/close", """{"promoteTo":"order-turns"}""");
        var token = closed.GetProperty("receipts")[2].GetProperty("sequence").GetString();

        var answer = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/order-turns/search",
            $$"""{"query":"lantern","mode":"lexical","context":1,"minSequence":"{{token}}"}""");

        var hits = answer.GetProperty("hits").EnumerateArray().ToArray();
        var reply = hits.Single(hit => hit.GetProperty("content").GetString()!.StartsWith("In the cupboard", StringComparison.Ordinal));
        Assert.Equal(["neighbour", "statement"], reply.GetProperty("parts").EnumerateArray().Select(part => part.GetProperty("name").GetString()));
        Assert.Equal(["Where did we put the lantern?"], Contents(reply, "before"));
        Assert.Empty(Contents(reply, "after"));
        Assert.Equal("order1", reply.GetProperty("attributes").GetProperty("conversation").GetString());
        Assert.Equal(3, reply.GetProperty("attributes").GetProperty("position").GetInt32());
    }

    [Fact]
    public async Task A_near_duplicate_is_folded_and_named_unless_diversity_is_off()
    {
        var answer = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/order-fold/memories",
            """{"items":[{"key":"a","content":"The boiler was mended on Friday by the plumber"},{"key":"b","content":"The boiler was mended on Friday by the plumber."},{"key":"c","content":"The boiler leaks"}]}""");
        var token = answer.GetProperty("sequence").GetString();

        var folded = await SearchAsync("order-fold", $$"""{"query":"boiler mended","minSequence":"{{token}}"}""");
        Assert.Equal(["a", "c"], Keys(folded).Order(StringComparer.Ordinal));
        var named = folded[0].GetProperty("folded")[0];
        Assert.Equal("b", named.GetProperty("key").GetString());
        Assert.InRange(named.GetProperty("similarity").GetDouble(), 0.98, 1);

        var all = await SearchAsync("order-fold", """{"query":"boiler mended","diversity":"off"}""");
        Assert.Equal(["a", "b", "c"], Keys(all).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Importance_decides_between_equals_and_says_what_it_gave()
    {
        var answer = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/order-weight/memories",
            """{"items":[{"key":"a","content":"lantern one","attributes":{"importance":0.1}},{"key":"b","content":"lantern two","attributes":{"importance":0.9}}]}""");

        var hits = await SearchAsync("order-weight", $$"""{"query":"lantern","mode":"lexical","importance":1,"minSequence":"{{answer.GetProperty("sequence").GetString()}}"}""");

        Assert.Equal(["b", "a"], Keys(hits));
        var parts = hits[0].GetProperty("parts").EnumerateArray().ToArray();
        Assert.Equal(0.9, parts.Single(part => part.GetProperty("name").GetString() == "importance").GetProperty("score").GetDouble());
        Assert.Equal(hits[0].GetProperty("score").GetDouble(), parts.Sum(part => part.GetProperty("contribution").GetDouble()), 9);
    }

    [Theory]
    [InlineData("""{"query":"x","context":21}""", "context")]
    [InlineData("""{"query":"x","context":"all"}""", "context")]
    [InlineData("""{"query":"x","recency":0.5}""", "recency")]
    [InlineData("""{"query":"x","recency":{"weight":2,"halfLifeDays":1}}""", "recency.weight")]
    [InlineData("""{"query":"x","recency":{"weight":1}}""", "recency.halfLifeDays")]
    [InlineData("""{"query":"x","recency":{"weight":1,"halfLifeDays":0}}""", "recency.halfLifeDays")]
    [InlineData("""{"query":"x","recency":{"weight":1,"halfLifeDays":1e-300}}""", "recency.halfLifeDays")]
    [InlineData("""{"query":"x","recency":{"weight":1,"halfLifeDays":1e300}}""", "recency.halfLifeDays")]
    [InlineData("""{"query":"x","importance":-0.1}""", "importance")]
    [InlineData("""{"query":"x","importance":"1"}""", "importance")]
    [InlineData("""{"query":"x","diversity":"some"}""", "diversity")]
    public async Task What_cannot_be_meant_is_refused_with_the_place_where_it_stands(string body, string at)
    {
        await api.SendAsync(HttpMethod.Put, "/v1/namespaces/order-bad/memories/a", """{"content":"x"}""");

        var problem = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/order-bad/search", body, HttpStatusCode.BadRequest);

        Assert.Equal("invalid-request", problem.GetProperty("code").GetString());
        Assert.Contains(at, problem.GetRawText(), StringComparison.Ordinal);
    }

    private async Task<JsonElement[]> SearchAsync(string ns, string body) =>
        [.. (await api.JsonAsync(HttpMethod.Post, $"/v1/namespaces/{ns}/search", body)).GetProperty("hits").EnumerateArray()];

    private static IEnumerable<string> Keys(IEnumerable<JsonElement> hits) => hits.Select(hit => hit.GetProperty("key").GetString()!);

    private static IEnumerable<string> Contents(JsonElement hit, string side) =>
        hit.GetProperty("context").GetProperty(side).EnumerateArray().Select(record => record.GetProperty("content").GetString()!);
}
