using System.Net;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Search;

namespace Sophia.Tests.Api;

public sealed class AttributeQueryTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("a:ne:eq:5", "a", Comparison.NotEqual, "eq:5")]
    [InlineData("\"a:ne\":eq:5", "a:ne", Comparison.Equal, 5.0)]
    [InlineData("\"a:exists\":missing", "a:exists", Comparison.Missing, null)]
    [InlineData("\"say \\\"hi\\\":\\u0041\":eq:x", "say \"hi\":A", Comparison.Equal, "x")]
    [InlineData("\"plain\":ge:true", "plain", Comparison.GreaterOrEqual, true)]
    [InlineData("url:eq:http://a:8080/?b:ne:c", "url", Comparison.Equal, "http://a:8080/?b:ne:c")]
    [InlineData("at:lt:\"12:30\"", "at", Comparison.Less, "12:30")]
    public void A_name_ends_at_the_first_colon_or_where_its_quotes_close(string text, string name, Comparison comparison, object? value)
    {
        var condition = AttributeQuery.Read(text);

        Assert.Equal((name, comparison), (condition.Name, condition.Comparison));
        Assert.Equal(value is null ? [] : [new AttributeValue(value as string, value as double?, value as bool?)], condition.Values);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData(":eq:1")]
    [InlineData("a:b:eq:1")]
    [InlineData("\"a:eq:1")]
    [InlineData("\"a\"eq:1")]
    [InlineData("\"a\"")]
    [InlineData("\"\\q\":eq:1")]
    [InlineData("\"\\ud83d\":eq:1")]
    [InlineData("a:exists:1")]
    public void What_can_be_read_in_two_ways_or_none_is_refused(string text) =>
        Assert.Equal("invalid-request", Assert.Throws<ProblemException>(() => AttributeQuery.Read(text)).Problem.Code);

    [Fact]
    public async Task A_listing_finds_by_a_name_with_a_colon_what_a_search_finds_by_it()
    {
        const string Path = "/v1/namespaces/colons";
        await api.JsonAsync(HttpMethod.Put, Path + "/memories/first", """{"content":"word","attributes":{"a:ne":5}}""", HttpStatusCode.Created);
        var last = await api.JsonAsync(HttpMethod.Put, Path + "/memories/second", """{"content":"word","attributes":{"a":5}}""", HttpStatusCode.Created);

        var listed = await api.JsonAsync(HttpMethod.Get, $"{Path}/memories?attr={Uri.EscapeDataString("\"a:ne\":eq:5")}");
        var found = await api.JsonAsync(HttpMethod.Post, Path + "/search", $$$"""{"query":"word","filter":{"attributes":{"a:ne":5}},"minSequence":"{{{last.GetProperty("sequence").GetString()}}}"}""");

        Assert.Equal("first", Assert.Single(listed.GetProperty("items").EnumerateArray()).GetProperty("key").GetString());
        Assert.Equal("first", Assert.Single(found.GetProperty("hits").EnumerateArray()).GetProperty("key").GetString());
    }
}
