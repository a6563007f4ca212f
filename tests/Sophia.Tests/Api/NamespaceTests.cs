using System.Net;

namespace Sophia.Tests.Api;

public sealed class NamespaceTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("plain", "{}")]
    [InlineData("kept", "{\"logRetentionSeconds\":60}")]
    [InlineData("said", "{\"vectorSource\":\"embedder\",\"language\":\"none\"}")]
    public async Task A_namespace_made_beforehand_takes_texts_and_finds_them_by_vector(string name, string settings)
    {
        var made = await api.JsonAsync(HttpMethod.Put, $"/v1/namespaces/{name}", settings, HttpStatusCode.Created);
        await api.JsonAsync(HttpMethod.Put, $"/v1/namespaces/{name}/memories/k", "{\"content\":\"the cat sleeps\"}", HttpStatusCode.Created);
        var found = await api.JsonAsync(HttpMethod.Post, $"/v1/namespaces/{name}/search", "{\"query\":\"cat sleeps\",\"mode\":\"vector\"}");

        Assert.True(made.GetProperty("settings").GetProperty("dimensions").GetInt32() > 0);
        Assert.Equal("k", found.GetProperty("hits")[0].GetProperty("key").GetString());
    }

    [Theory]
    [InlineData("{\"vectorModel\":\"a-model-that-is-not-here\"}")]
    [InlineData("{\"dimensions\":7}")]
    [InlineData("{\"vectorSource\":\"caller\"}")]
    [InlineData("{\"vectorSource\":\"none\",\"dimensions\":3}")]
    public async Task Settings_that_no_write_could_meet_are_refused_and_make_nothing(string settings)
    {
        var problem = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/never", settings, HttpStatusCode.BadRequest);
        Assert.Equal("invalid-request", problem.GetProperty("code").GetString());
        await api.JsonAsync(HttpMethod.Get, "/v1/namespaces/never", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_namespace_of_callers_vectors_takes_those_of_its_length_only()
    {
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/own", "{\"vectorSource\":\"caller\",\"dimensions\":2}", HttpStatusCode.Created);
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/own/memories/k", "{\"content\":\"x\",\"vector\":[1,0]}", HttpStatusCode.Created);
        var mismatch = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/own/memories/l", "{\"content\":\"x\",\"vector\":[1,0,0]}", HttpStatusCode.UnprocessableEntity);
        var changed = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/own", "{\"vectorSource\":\"embedder\"}", HttpStatusCode.Conflict);
        var kept = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/own", "{\"resident\":true}");

        Assert.Equal("vector-dimension-mismatch", mismatch.GetProperty("code").GetString());
        Assert.Equal("namespace-settings-fixed", changed.GetProperty("code").GetString());
        Assert.True(kept.GetProperty("settings").GetProperty("resident").GetBoolean());
    }

    [Fact]
    public async Task A_removal_first_says_what_would_go_and_then_takes_records_settings_and_name()
    {
        const string Path = "/v1/namespaces/leaving";
        await api.JsonAsync(HttpMethod.Put, Path, """{"language":"de","resident":true,"vectorSource":"caller","dimensions":2}""", HttpStatusCode.Created);
        var first = await api.JsonAsync(HttpMethod.Put, Path + "/memories/a", """{"content":"ein Geheimnis","vector":[1,0]}""", HttpStatusCode.Created);

        var dry = await api.JsonAsync(HttpMethod.Delete, Path + "?dryRun=true");
        Assert.Equal((true, 1), (dry.GetProperty("dryRun").GetBoolean(), dry.GetProperty("matched").GetInt32()));
        await api.JsonAsync(HttpMethod.Get, Path + "/memories/a");
        var proof = await api.JsonAsync(HttpMethod.Delete, Path);

        Assert.Equal((false, 1), (proof.GetProperty("dryRun").GetBoolean(), proof.GetProperty("erased").GetProperty("records").GetInt32()));
        Assert.Equal(0, proof.GetProperty("notConfirmed").GetArrayLength());
        foreach (var (method, path, body) in new (HttpMethod, string, string?)[]
        {
            (HttpMethod.Get, Path, null), (HttpMethod.Delete, Path, null), (HttpMethod.Get, Path + "/memories/a", null), (HttpMethod.Get, Path + "/memories", null),
            (HttpMethod.Post, Path + "/search", """{"query":"Geheimnis"}"""), (HttpMethod.Post, Path + "/forget", """{"all":true}"""),
        })
        {
            await api.JsonAsync(method, path, body, HttpStatusCode.NotFound);
        }

        var page = await api.JsonAsync(HttpMethod.Get, "/v1/namespaces?limit=500");
        Assert.DoesNotContain(page.GetProperty("items").EnumerateArray(), static item => item.GetProperty("name").GetString() == "leaving");
        var again = await api.JsonAsync(HttpMethod.Put, Path + "/memories/a", """{"content":"the cats sleep"}""", HttpStatusCode.Created);
        var settings = (await api.JsonAsync(HttpMethod.Get, Path)).GetProperty("settings");
        Assert.Equal(("embedder", "en", false), (settings.GetProperty("vectorSource").GetString(), settings.GetProperty("language").GetString(), settings.GetProperty("resident").GetBoolean()));
        Assert.NotEqual(first.GetProperty("sequence").GetString(), again.GetProperty("sequence").GetString());
        var found = await api.JsonAsync(HttpMethod.Post, Path + "/search", $$"""{"query":"cat","minSequence":"{{again.GetProperty("sequence").GetString()}}"}""");
        Assert.Equal("a", found.GetProperty("hits")[0].GetProperty("key").GetString());
    }

    [Theory]
    [InlineData("/v1/namespaces/never", HttpStatusCode.NotFound, "namespace-not-found")]
    [InlineData("/v1/namespaces/$sessions", HttpStatusCode.BadRequest, "invalid-namespace")]
    [InlineData("/v1/namespaces/never?dryRun=yes", HttpStatusCode.BadRequest, "invalid-request")]
    [InlineData("/v1/namespaces/never?dry=true", HttpStatusCode.BadRequest, "invalid-request")]
    public async Task A_removal_that_cannot_be_meant_is_refused(string path, HttpStatusCode status, string code)
    {
        var refused = await api.JsonAsync(HttpMethod.Delete, path, null, status);
        Assert.Equal(code, refused.GetProperty("code").GetString());
    }
}
