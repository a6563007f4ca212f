using System.Net;
using System.Text.Json.Nodes;
using Sophia.Client;
using Sophia.Tests.Cli;

namespace Sophia.Tests.Models;

/// <summary>A change of model, driven by the commands of the CLI and of the client, against the service itself.</summary>
public sealed class ModelCommandTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly CliRun _cli = new();
    private readonly HttpClient _http = new();
    private FakeEmbeddingServer _server = null!;
    private ModelledApiHost _host = null!;
    private Uri _address = null!;
    private SophiaClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await FakeEmbeddingServer.StartAsync();
        _server.Dimensions = 64;
        _host = new ModelledApiHost(_server, dimensions: 64);
        using (var http = _host.CreateClient())
        {
            _address = new Uri($"http://127.0.0.1:{http.BaseAddress!.Port}");
        }

        _client = new SophiaClient(_http, new SophiaClientOptions { BaseAddress = _address });
        await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/notes", """{"model":"far"}""", HttpStatusCode.Created);
        var items = Enumerable.Range(0, 30).Select(i => $$"""{"key":"k{{i}}","content":"alpha{{i}} beta{{i}} gamma{{i}} delta{{i}}"}""");
        await _host.JsonAsync(HttpMethod.Post, "/v1/namespaces/notes/memories", $$"""{"items":[{{string.Join(',', items)}}]}""");
    }

    public async Task DisposeAsync()
    {
        Dispose();
        await _server.DisposeAsync();
    }

    public void Dispose()
    {
        _host.Dispose();
        _http.Dispose();
        if (Directory.Exists(_cli.Folder))
        {
            _cli.Dispose();
        }
    }

    private Task<CliResult> Run(params string[] args) => _cli.RunAsync(_address, args);

    private async Task<JsonObject> JsonOf(params string[] args)
    {
        var result = await Run([.. args, "-n", "notes", "--json"]);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', args)}: {result.ExitCode} {result.Error}");
        return result.Json;
    }

    private async Task<JsonObject> UntilAsync(string state)
    {
        for (var until = DateTime.UtcNow + Patience; ;)
        {
            var status = await JsonOf("model", "status");
            if ((string?)status["state"] == state)
            {
                return status;
            }

            Assert.True(DateTime.UtcNow < until, $"Not {state} in time: {status}");
        }
    }

    private async Task<ModelChangeStatus> ClientUntilAsync(string state)
    {
        for (var until = DateTime.UtcNow + Patience; ;)
        {
            var status = (await _client.GetModelChangeAsync("notes")).Value;
            if (status.State == state)
            {
                return status;
            }

            Assert.True(DateTime.UtcNow < until, $"Not {state} in time: {status}");
        }
    }

    [Fact]
    public async Task The_command_changes_a_model_shows_how_far_it_is_undoes_and_finishes()
    {
        Assert.Equal("none", (string?)(await JsonOf("model", "status"))["state"]);
        Assert.Equal("making", (string?)(await JsonOf("model", "change", "near", "--manual", "--samples", "10", "--min-recall", "0.5"))["state"]);
        var held = await UntilAsync("held");
        Assert.Equal(("far", "manual", 0.5), ((string?)held["current"], (string?)held["cutOver"], (double?)held["minRecall"]));
        Assert.Equal((30, 10), ((int?)held["made"], (int?)held["recall"]!["samples"]));

        var cut = await Run("model", "cut-over", "-n", "notes");
        Assert.Equal(0, cut.ExitCode);
        Assert.Contains("state    cut-over", cut.Output, StringComparison.Ordinal);
        Assert.Contains("current  near", cut.Output, StringComparison.Ordinal);
        Assert.Contains("change   far → near", cut.Output, StringComparison.Ordinal);
        Assert.Contains("vectors  30 of 30 made", cut.Output, StringComparison.Ordinal);
        Assert.Contains("next     undo, finish", cut.Output, StringComparison.Ordinal);

        Assert.Equal("far", (string?)(await JsonOf("model", "undo"))["current"]);
        await UntilAsync("undone");
        await JsonOf("model", "change", "near");
        await UntilAsync("cut-over");
        await JsonOf("model", "finish");
        Assert.Equal("near", (string?)(await UntilAsync("finished"))["current"]);
    }

    [Fact]
    public async Task A_command_that_the_state_does_not_allow_says_why_and_fails()
    {
        foreach (var step in (string[])["cut-over", "undo", "finish"])
        {
            var refused = await Run("model", step, "-n", "notes", "--json");
            Assert.Equal(3, refused.ExitCode);
            var error = JsonNode.Parse(refused.Error)!["error"]!;
            Assert.Equal(("model-change-not-possible", 409, ""), ((string?)error["code"], (int?)error["status"], refused.Output));
        }

        Assert.Equal(3, (await Run("model", "change", "none-such", "-n", "notes")).ExitCode);
        Assert.Equal(1, (await Run("model", "status", "-n", "no-such-namespace")).ExitCode);
        Assert.Equal(2, (await Run("model", "change", "-n", "notes")).ExitCode);
        Assert.Equal("none", (string?)(await JsonOf("model", "status"))["state"]);
    }

    [Fact]
    public async Task The_client_changes_a_model_undoes_it_and_finishes()
    {
        Assert.Equal(["far", "hashed", "near"], (await _client.ListModelsAsync()).Value.Items.Select(model => model.Name).Order());
        Assert.Equal(["start"], (await _client.GetModelChangeAsync("notes")).Value.Can);
        var started = (await _client.StartModelChangeAsync("notes", new ModelChangeRequest("near", MinRecall: 0.5, Samples: 10, CutOver: "manual"))).Value;
        Assert.Equal(("making", "far", "near"), (started.State, started.From!.Model, started.To!.Model));
        var open = await Assert.ThrowsAsync<SophiaApiException>(() => _client.StartModelChangeAsync("notes", new ModelChangeRequest("hashed")));
        Assert.Equal("model-change-open", open.Code);

        var held = await ClientUntilAsync("held");
        Assert.Equal((30L, 10, 1.0, 64), (held.Made, held.Recall!.Samples, held.Recall.After, held.To!.Dimensions));
        Assert.Equal(["cut-over", "undo"], held.Can);
        Assert.Equal("near", (await _client.CutOverModelChangeAsync("notes")).Value.Current);
        Assert.Equal("far", (await _client.UndoModelChangeAsync("notes")).Value.Current);
        await ClientUntilAsync("undone");
        var early = await Assert.ThrowsAsync<SophiaApiException>(() => _client.FinishModelChangeAsync("notes"));
        Assert.Equal("model-change-not-possible", early.Code);

        await _client.StartModelChangeAsync("notes", new ModelChangeRequest("near"));
        await ClientUntilAsync("cut-over");
        await _client.FinishModelChangeAsync("notes");
        Assert.Equal("near", (await ClientUntilAsync("finished")).Current);
    }
}
