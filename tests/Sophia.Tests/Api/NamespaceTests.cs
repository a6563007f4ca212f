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
}
