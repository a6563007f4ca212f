using System.Net;
using System.Text.Json;
using Sophia.Tests.Api;

namespace Sophia.Tests.Models;

/// <summary>Changing the model of a namespace over HTTP, with two models of one length behind a fake endpoint.</summary>
public sealed class ModelChangeTests : IAsyncLifetime, IDisposable
{
    private const string Ns = "/v1/namespaces/notes";
    private FakeEmbeddingServer _server = null!;
    private ModelledApiHost _host = null!;

    public async Task InitializeAsync()
    {
        _server = await FakeEmbeddingServer.StartAsync();
        _server.Dimensions = 64;
        _host = new ModelledApiHost(_server, dimensions: 64);
        await _host.JsonAsync(HttpMethod.Put, Ns, """{"model":"far"}""", HttpStatusCode.Created);
        var items = Enumerable.Range(0, 120).Select(i => $$"""{"key":"k{{i}}","content":"{{Text(i)}}"}""");
        await _host.JsonAsync(HttpMethod.Post, Ns + "/memories", $$"""{"items":[{{string.Join(',', items)}}]}""");
    }

    public async Task DisposeAsync()
    {
        Dispose();
        await _server.DisposeAsync();
    }

    public void Dispose() => _host.Dispose();

    private static string Text(int i) => $"alpha{i} beta{i} gamma{i} delta{i}";

    private Task<JsonElement> StatusAsync() => _host.JsonAsync(HttpMethod.Get, Ns + "/model");

    private async Task<JsonElement> UntilAsync(params string[] states)
    {
        for (var until = DateTime.UtcNow.AddSeconds(40); ;)
        {
            var status = await StatusAsync();
            if (states.Contains(status.GetProperty("state").GetString()))
            {
                return status;
            }

            Assert.True(DateTime.UtcNow < until, $"Not {string.Join('/', states)} in time: {status}");
            await Task.Yield();
        }
    }

    private Task<JsonElement> StartAsync(string body = """{"model":"near"}""") => _host.JsonAsync(HttpMethod.Post, Ns + "/model", body, HttpStatusCode.Accepted);

    private async Task<(string Key, string Model)> FirstAsync(string query, string? sequence = null)
    {
        var found = await _host.JsonAsync(HttpMethod.Post, Ns + "/search",
            $$"""{"query":"{{query}}","mode":"vector","k":3,"include":["vector"]{{(sequence is null ? "" : $",\"minSequence\":\"{sequence}\"")}}}""");
        var hit = found.GetProperty("hits")[0];
        return (hit.GetProperty("key").GetString()!, hit.GetProperty("vectorModel").GetString()!);
    }

    private async Task<string> PutAsync(string key, string text) =>
        (await _host.JsonAsync(HttpMethod.Put, $"{Ns}/memories/{key}", $$"""{"content":"{{text}}"}""", HttpStatusCode.Created)).GetProperty("sequence").GetString()!;

    [Fact]
    public async Task A_change_is_made_checked_cut_over_and_finished_and_leaves_only_the_new_vectors()
    {
        Assert.Equal("making", (await StartAsync()).GetProperty("state").GetString());
        var cut = await UntilAsync("cut-over", "held");

        Assert.Equal("cut-over", cut.GetProperty("state").GetString());
        Assert.Equal("near", cut.GetProperty("current").GetString());
        Assert.Equal(100, cut.GetProperty("recall").GetProperty("samples").GetInt32());
        Assert.Equal(120, cut.GetProperty("made").GetInt64());
        Assert.Equal(1, cut.GetProperty("recall").GetProperty("after").GetDouble());
        Assert.Equal("near", (await _host.JsonAsync(HttpMethod.Get, Ns)).GetProperty("settings").GetProperty("model").GetString());
        Assert.Equal("k7", (await FirstAsync(Text(7))).Key);

        await _host.JsonAsync(HttpMethod.Post, Ns + "/model/finish", "{}", HttpStatusCode.Accepted);
        await UntilAsync("finished");

        var (key, model) = await FirstAsync(Text(8));
        Assert.Equal("k8", key);
        await _host.JsonAsync(HttpMethod.Post, "/v1/tiers/L1/evict?namespace=notes");
        (key, model) = await FirstAsync(Text(9));
        Assert.Equal("k9", key);
        Assert.StartsWith("near#", model, StringComparison.Ordinal);
        await _host.JsonAsync(HttpMethod.Post, Ns + "/model/undo", "{}", HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task While_it_changes_its_model_a_namespace_is_not_removed_and_afterwards_it_is()
    {
        await StartAsync();
        foreach (var path in new[] { Ns + "?dryRun=true", Ns })
        {
            var refused = await _host.JsonAsync(HttpMethod.Delete, path, null, HttpStatusCode.Conflict);
            Assert.Equal("model-change-open", refused.GetProperty("code").GetString());
        }

        Assert.Equal(120, (await _host.JsonAsync(HttpMethod.Get, Ns)).GetProperty("count").GetInt32());
        await UntilAsync("cut-over");
        await _host.JsonAsync(HttpMethod.Post, Ns + "/model/undo", "{}", HttpStatusCode.Accepted);
        await UntilAsync("undone");
        var proof = await _host.JsonAsync(HttpMethod.Delete, Ns);

        Assert.Equal(120, proof.GetProperty("matched").GetInt32());
        await PutAsync("anew", "alpha");
        Assert.Equal("none", (await StatusAsync()).GetProperty("state").GetString());
    }

    [Fact]
    public async Task What_is_written_meanwhile_is_found_at_every_moment_with_its_token()
    {
        await StartAsync();
        for (var i = 0; i < 40; i++)
        {
            var sequence = await PutAsync($"new{i}", $"omega{i} psi{i} chi{i}");
            Assert.Equal($"new{i}", (await FirstAsync($"omega{i} psi{i} chi{i}", sequence)).Key);
        }

        await UntilAsync("cut-over");
        var late = await PutAsync("late", "sigma tau upsilon");
        Assert.Equal("late", (await FirstAsync("sigma tau upsilon", late)).Key);
        for (var i = 0; i < 40; i++)
        {
            Assert.Equal($"new{i}", (await FirstAsync($"omega{i} psi{i} chi{i}")).Key);
        }
    }

    [Fact]
    public async Task After_the_cut_over_it_can_be_undone_with_what_was_written_since()
    {
        await StartAsync();
        await UntilAsync("cut-over");
        var late = await PutAsync("late", "sigma tau upsilon");

        await _host.JsonAsync(HttpMethod.Post, Ns + "/model/undo", "{}", HttpStatusCode.Accepted);
        Assert.Equal("far", (await _host.JsonAsync(HttpMethod.Get, Ns)).GetProperty("settings").GetProperty("model").GetString());
        Assert.Equal("late", (await FirstAsync("sigma tau upsilon", late)).Key);
        await UntilAsync("undone");

        Assert.Equal("late", (await FirstAsync("sigma tau upsilon")).Key);
        await _host.JsonAsync(HttpMethod.Post, "/v1/tiers/L1/evict?namespace=notes");
        Assert.StartsWith("far#", (await FirstAsync("sigma tau upsilon")).Model, StringComparison.Ordinal);
        Assert.Equal("k3", (await FirstAsync(Text(3))).Key);
        await StartAsync();
        await UntilAsync("cut-over");
    }

    [Fact]
    public async Task A_model_that_finds_less_is_held_and_the_operator_decides()
    {
        _server.VectorHook = (model, _, vector) => model == "other" ? [.. vector.Select((_, i) => i == 0 ? 1f : 0f)] : vector;
        await StartAsync();

        var held = await UntilAsync("held");

        Assert.Equal("far", held.GetProperty("current").GetString());
        Assert.True(held.GetProperty("recall").GetProperty("after").GetDouble() < 0.5);
        Assert.Equal(1, held.GetProperty("recall").GetProperty("before").GetDouble());
        Assert.Equal("k5", (await FirstAsync(Text(5))).Key);
        await _host.JsonAsync(HttpMethod.Post, Ns + "/model/finish", "{}", HttpStatusCode.Conflict);
        await _host.JsonAsync(HttpMethod.Post, Ns + "/model", """{"model":"hashed"}""", HttpStatusCode.Conflict);
        await _host.JsonAsync(HttpMethod.Post, Ns + "/model/cut-over", "{}", HttpStatusCode.Accepted);
        Assert.Equal("near", (await StatusAsync()).GetProperty("current").GetString());
    }

    [Fact]
    public async Task A_change_to_another_length_never_compares_the_two()
    {
        await StartAsync("""{"model":"hashed"}""");
        for (var i = 0; i < 30; i++)
        {
            Assert.Equal($"k{i}", (await FirstAsync(Text(i))).Key);
        }

        var cut = await UntilAsync("cut-over");
        Assert.Equal(256, cut.GetProperty("to").GetProperty("dimensions").GetInt32());
        Assert.Equal("k11", (await FirstAsync(Text(11))).Key);
        Assert.Equal(256, (await _host.JsonAsync(HttpMethod.Get, Ns)).GetProperty("settings").GetProperty("dimensions").GetInt32());
    }

    [Fact]
    public async Task A_forget_counts_the_vectors_of_both_models_and_says_so_before()
    {
        await StartAsync();
        await UntilAsync("cut-over");

        foreach (var dryRun in (string[])["true", "false"])
        {
            var forgot = await _host.JsonAsync(HttpMethod.Post, Ns + "/forget", $$"""{"keys":["k1","k2"],"dryRun":{{dryRun}}}""");
            Assert.Equal(4, forgot.GetProperty("erased").GetProperty("vectors").GetInt64());
        }

        await _host.JsonAsync(HttpMethod.Post, Ns + "/model/finish", "{}", HttpStatusCode.Accepted);
        await UntilAsync("finished");
        var after = await _host.JsonAsync(HttpMethod.Post, Ns + "/forget", """{"keys":["k3"]}""");
        Assert.Equal(1, after.GetProperty("erased").GetProperty("vectors").GetInt64());
    }

    [Fact]
    public async Task Of_many_who_begin_at_once_one_does_and_what_is_asked_twice_is_done_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => _host.SendAsync(
            HttpMethod.Post, Ns + "/model", i % 2 == 0 ? """{"model":"near","cutOver":"manual"}""" : """{"model":"hashed","cutOver":"manual"}""")));
        Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.Accepted));
        Assert.Equal(7, answers.Count(a => a.StatusCode == HttpStatusCode.Conflict));

        await UntilAsync("held");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _host.JsonAsync(HttpMethod.Post, Ns + "/model/undo", "{}", HttpStatusCode.Accepted)));
        await _host.JsonAsync(HttpMethod.Post, Ns + "/model/finish", "{}", HttpStatusCode.Conflict);
        await UntilAsync("undone");
        Assert.Equal("undone", (await _host.JsonAsync(HttpMethod.Post, Ns + "/model/undo", "{}", HttpStatusCode.Accepted)).GetProperty("state").GetString());
        await _host.JsonAsync(HttpMethod.Post, Ns + "/model/cut-over", "{}", HttpStatusCode.Conflict);
        Assert.Equal("k5", (await FirstAsync(Text(5))).Key);
    }

    [Theory]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"none-such"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"near","minRecall":2}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"near","samples":-1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"near","cutOver":"soon"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"far"}""", HttpStatusCode.Conflict)]
    public async Task A_change_that_cannot_be_is_refused(string body, HttpStatusCode expected)
    {
        await _host.JsonAsync(HttpMethod.Post, Ns + "/model", body, expected);
        Assert.Equal("none", (await StatusAsync()).GetProperty("state").GetString());
    }
}
