using System.Net;
using System.Text.Json;

namespace Sophia.Tests.Api;

public sealed class UnderstoodTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task The_answer_says_which_phrases_and_which_corrections_it_looked_for()
    {
        var put = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/read/memories/k", """{"content":"the harbour master of the old town"}""", HttpStatusCode.Created);

        var found = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/read/search", $$"""{"query":"\"old town\" harbuor","mode":"lexical","minSequence":"{{SequenceOf(put)}}"}""");
        var exact = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/read/search", $$"""{"query":"harbuor","mode":"lexical","typos":false,"minSequence":"{{SequenceOf(put)}}"}""");

        Assert.Equal("k", found.GetProperty("hits")[0].GetProperty("key").GetString());
        Assert.Equal("old town", found.GetProperty("understood").GetProperty("phrases")[0].GetString());
        var correction = found.GetProperty("understood").GetProperty("corrections")[0];
        Assert.Equal(("harbuor", "harbour"), (correction.GetProperty("from").GetString(), correction.GetProperty("to")[0].GetString()));
        Assert.Equal(0, exact.GetProperty("hits").GetArrayLength());
        Assert.Equal(0, exact.GetProperty("understood").GetProperty("corrections").GetArrayLength());
    }

    [Fact]
    public async Task A_correction_is_spelled_as_a_record_spells_it()
    {
        var put = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/spelled/memories/k", """{"content":"Idempotency keys, and what Satellites see"}""", HttpStatusCode.Created);

        var found = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/spelled/search", $$"""{"query":"idempotnacy saetllties","mode":"lexical","highlight":false,"minSequence":"{{SequenceOf(put)}}"}""");

        var to = found.GetProperty("understood").GetProperty("corrections").EnumerateArray().Select(c => c.GetProperty("to")[0].GetString());
        Assert.Equal(["idempotency", "satellites"], to);
    }

    [Fact]
    public async Task Hits_carry_the_passages_that_matched_unless_that_is_turned_off()
    {
        var put = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/marked/memories/k", """{"content":"😀 <i>walking</i> along rivers"}""", HttpStatusCode.Created);

        var hit = (await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/marked/search", $$"""{"query":"river walks","minSequence":"{{SequenceOf(put)}}"}""")).GetProperty("hits")[0];
        var bare = (await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/marked/search", $$"""{"query":"river","highlight":false,"minSequence":"{{SequenceOf(put)}}"}""")).GetProperty("hits")[0];

        var highlight = hit.GetProperty("highlights")[0];
        Assert.Equal("😀 <i>walking</i> along rivers", highlight.GetProperty("text").GetString());
        Assert.Equal("[[6,7],[24,6]]", highlight.GetProperty("ranges").GetRawText());
        Assert.Equal(0, bare.GetProperty("highlights").GetArrayLength());
    }

    [Fact]
    public async Task Typos_that_is_no_truth_value_is_refused()
    {
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/read2/memories/k", """{"content":"x"}""", HttpStatusCode.Created);

        await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/read2/search", """{"query":"x","typos":"no"}""", HttpStatusCode.BadRequest);
    }

    private static string SequenceOf(JsonElement written) => written.GetProperty("sequence").GetString()!;
}
