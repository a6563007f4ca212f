using System.Net;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Sophia.Memory.Cortex;
using Sophia.Memory.Models;
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

    [Fact]
    public async Task In_the_process_a_query_is_embedded_as_one_and_other_dimensions_than_the_models_are_refused()
    {
        var cortex = _host.Services.GetRequiredService<CortexMemory>();
        using var documents = new CortexEmbeddingGenerator(cortex, "local", "far");
        using var queries = new CortexEmbeddingGenerator(cortex, "local", "far", role: EmbeddingRole.Query);

        var dimensions = (await documents.GenerateAsync(["a cat"]))[0].Vector.Length;
        await queries.GenerateAsync(["a cat"]);
        await documents.GenerateAsync(["a cat"], new EmbeddingGenerationOptions { Dimensions = dimensions });
        Assert.Equal(2, _server.Texts);

        foreach (var options in new EmbeddingGenerationOptions[] { new() { Dimensions = dimensions - 1 }, new() { AdditionalProperties = new() { ["x"] = 1 } }, new() { RawRepresentationFactory = static _ => null } })
            await Assert.ThrowsAsync<NotSupportedException>(() => documents.GenerateAsync(["a dog"], options));
        Assert.Equal(2, _server.Texts);
    }

    [Theory]
    [InlineData("""{"texts":[]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"texts":[""]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"texts":"x"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"texts":["x"],"role":"judge"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"texts":["x"],"model":"none"}""", HttpStatusCode.NotFound)]
    public async Task What_cannot_be_embedded_is_refused(string body, HttpStatusCode status) => await EmbedAsync(body, status);
}
