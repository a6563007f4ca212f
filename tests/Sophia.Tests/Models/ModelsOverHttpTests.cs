using System.Net;
using Microsoft.AspNetCore.Hosting;
using Sophia.Tests.Api;

namespace Sophia.Tests.Models;

/// <summary>The service with a model behind an endpoint, one that is declared as local, and the built-in one.</summary>
internal sealed class ModelledApiHost(FakeEmbeddingServer server, int dimensions = 8) : ApiHost(new Dictionary<string, string>
{
    ["Sophia:Models:far:Kind"] = "OpenAI", ["Sophia:Models:far:Endpoint"] = server.Endpoint, ["Sophia:Models:far:Model"] = "fake",
    ["Sophia:Models:far:Dimensions"] = $"{dimensions}", ["Sophia:Models:far:ApiKey"] = server.Key, ["Sophia:Models:far:Retries"] = "0",
    ["Sophia:Models:near:Kind"] = "OpenAI", ["Sophia:Models:near:Endpoint"] = server.Endpoint, ["Sophia:Models:near:Model"] = "other",
    ["Sophia:Models:near:Dimensions"] = $"{dimensions}", ["Sophia:Models:near:ApiKey"] = server.Key, ["Sophia:Models:near:Local"] = "true",
});

public sealed class ModelsOverHttpTests : IAsyncLifetime, IDisposable
{
    private FakeEmbeddingServer _server = null!;
    private ModelledApiHost _host = null!;

    public async Task InitializeAsync()
    {
        _server = await FakeEmbeddingServer.StartAsync();
        _host = new ModelledApiHost(_server);
    }

    public async Task DisposeAsync()
    {
        Dispose();
        await _server.DisposeAsync();
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Models_are_listed_with_their_state()
    {
        var items = (await _host.JsonAsync(HttpMethod.Get, "/v1/models")).GetProperty("items").EnumerateArray().ToDictionary(m => m.GetProperty("name").GetString()!);

        Assert.Equal(["far", "hashed", "near"], items.Keys.Order());
        Assert.True(items["hashed"].GetProperty("default").GetBoolean());
        Assert.False(items["far"].GetProperty("local").GetBoolean());
        Assert.True(items["near"].GetProperty("local").GetBoolean());
        Assert.Equal("ready", items["far"].GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_namespace_chooses_its_model_and_is_searched_with_it()
    {
        var made = await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/far-notes", """{"model":"far"}""", HttpStatusCode.Created);
        Assert.Equal("far", made.GetProperty("settings").GetProperty("model").GetString());
        Assert.Equal(8, made.GetProperty("settings").GetProperty("dimensions").GetInt32());
        await _host.JsonAsync(HttpMethod.Post, "/v1/namespaces/far-notes/memories", """{"items":[{"key":"a","content":"the cat sleeps"},{"key":"b","content":"interest rates rise"}]}""");

        var found = await _host.JsonAsync(HttpMethod.Post, "/v1/namespaces/far-notes/search", """{"query":"cat","mode":"vector","include":["vector"]}""");

        Assert.Equal("a", found.GetProperty("hits")[0].GetProperty("key").GetString());
        Assert.StartsWith("far#", found.GetProperty("hits")[0].GetProperty("vectorModel").GetString(), StringComparison.Ordinal);
        Assert.Equal(3, _server.Texts);
    }

    [Fact]
    public async Task A_model_that_is_away_stops_writes_with_a_time_to_come_back_and_no_reads()
    {
        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/away", """{"model":"far"}""", HttpStatusCode.Created);
        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/away/memories/k", """{"content":"the cat sleeps"}""", HttpStatusCode.Created);
        _server.DownWith = 500;

        using var refused = await _host.SendAsync(HttpMethod.Put, "/v1/namespaces/away/memories/new", """{"content":"a new text"}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains("embedder-unavailable", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await _host.JsonAsync(HttpMethod.Get, "/v1/namespaces/away/memories/new", expected: HttpStatusCode.NotFound);

        Assert.Equal("the cat sleeps", (await _host.JsonAsync(HttpMethod.Get, "/v1/namespaces/away/memories/k")).GetProperty("content").GetString());
        var found = await _host.JsonAsync(HttpMethod.Post, "/v1/namespaces/away/search", """{"query":"cat"}""");
        Assert.Equal("k", found.GetProperty("hits")[0].GetProperty("key").GetString());
        Assert.Equal("lexical", found.GetProperty("mode").GetString());
        Assert.StartsWith("embedder-unavailable", found.GetProperty("degraded").GetString(), StringComparison.Ordinal);
        await _host.JsonAsync(HttpMethod.Post, "/v1/namespaces/away/search", """{"query":"cat","mode":"vector"}""", HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task An_answer_that_is_wrong_is_a_bad_gateway_and_stores_nothing()
    {
        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/wrong", """{"model":"far"}""", HttpStatusCode.Created);
        _server.NextVectors([1, 2, 3]);

        var problem = await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/wrong/memories/k", """{"content":"text"}""", HttpStatusCode.BadGateway);

        Assert.Equal("embedder-answer-invalid", problem.GetProperty("code").GetString());
        await _host.JsonAsync(HttpMethod.Get, "/v1/namespaces/wrong/memories/k", expected: HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_resident_namespace_takes_no_model_that_runs_elsewhere()
    {
        var problem = await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/home", """{"model":"far","resident":true}""", HttpStatusCode.Conflict);
        Assert.Equal("model-not-resident", problem.GetProperty("code").GetString());
        await _host.JsonAsync(HttpMethod.Get, "/v1/namespaces/home", expected: HttpStatusCode.NotFound);

        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/home", """{"model":"near","resident":true}""", HttpStatusCode.Created);
        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/out", """{"model":"far"}""", HttpStatusCode.Created);
        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/out", """{"resident":true}""", HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("""{"model":"none-such"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":7}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"far","vectorSource":"caller","dimensions":8}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"far","dimensions":9}""", HttpStatusCode.BadRequest)]
    public async Task A_choice_that_cannot_be_is_refused(string body, HttpStatusCode expected) =>
        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/choice", body, expected);

    [Fact]
    public async Task The_model_of_a_namespace_cannot_be_changed_in_passing()
    {
        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/fixed", """{"model":"far"}""", HttpStatusCode.Created);
        var problem = await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/fixed", """{"model":"near"}""", HttpStatusCode.Conflict);
        Assert.Equal("namespace-settings-fixed", problem.GetProperty("code").GetString());
    }
}
