using System.Net;
using System.Text.Json;
using Sophia.Tests.Models;

namespace Sophia.Tests.Cortex;

public sealed class CortexEmbedTests : IAsyncLifetime, IDisposable
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

    private Task<JsonElement> EmbedAsync(string json, HttpStatusCode expected = HttpStatusCode.OK) => _host.JsonAsync(HttpMethod.Post, "/v1/cortex/embed", json, expected);

    [Fact]
    public async Task A_text_is_embedded_once_and_its_vector_is_kept()
    {
        var first = await EmbedAsync("""{"model":"far","texts":["a cat","a dog","a cat"]}""");
        var second = await EmbedAsync("""{"model":"far","texts":["a bird","a dog"]}""");

        Assert.Equal(_server.VectorOf("a dog"), first.GetProperty("vectors")[1].EnumerateArray().Select(v => v.GetSingle()));
        Assert.Equal(first.GetProperty("vectors")[1].GetRawText(), second.GetProperty("vectors")[1].GetRawText());
        Assert.Equal((1, 1), (second.GetProperty("receipt").GetProperty("made").GetInt32(), second.GetProperty("receipt").GetProperty("kept").GetInt32()));
        Assert.Equal(4, _server.Texts);
    }

    [Fact]
    public async Task The_built_in_model_needs_no_cache_and_counts_as_no_call()
    {
        var made = await EmbedAsync("""{"texts":["a cat"]}""");
        Assert.Equal(256, made.GetProperty("vectors")[0].GetArrayLength());
        var usage = await _host.JsonAsync(HttpMethod.Get, "/v1/cortex/usage");
        Assert.Equal(0, usage.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task The_text_of_a_resident_namespace_is_not_embedded_elsewhere()
    {
        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/vault", """{"resident":true}""", HttpStatusCode.Created);
        var refused = await EmbedAsync("""{"model":"far","texts":["secret"],"namespace":"vault"}""", HttpStatusCode.Conflict);
        Assert.Equal("model-not-resident", refused.GetProperty("code").GetString());
        Assert.Equal(0, _server.Calls);
    }

    [Fact]
    public async Task A_failed_call_keeps_nothing()
    {
        _server.Next(400);
        await EmbedAsync("""{"model":"far","texts":["x"]}""", HttpStatusCode.BadGateway);
        Assert.Equal(1, (await EmbedAsync("""{"model":"far","texts":["x"]}""")).GetProperty("receipt").GetProperty("made").GetInt32());
    }

    [Theory]
    [InlineData("""{"texts":[]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"texts":[""]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"texts":"x"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"texts":["x"],"role":"judge"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"texts":["x"],"model":"none"}""", HttpStatusCode.NotFound)]
    public async Task What_cannot_be_embedded_is_refused(string body, HttpStatusCode status) => await EmbedAsync(body, status);
}
