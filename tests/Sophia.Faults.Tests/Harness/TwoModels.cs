using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Sophia.Tests.Models;

namespace Sophia.Faults.Tests.Harness;

/// <summary>Two models of one length behind two servers, which make different vectors of the same words, and the requests that change one for the other.</summary>
internal sealed class TwoModels(FakeEmbeddingServer far, FakeEmbeddingServer near) : IAsyncDisposable
{
    private const int Dimensions = 256;

    public FakeEmbeddingServer Far => far;

    public FakeEmbeddingServer Near => near;

    public static async Task<TwoModels> StartAsync()
    {
        var models = new TwoModels(await FakeEmbeddingServer.StartAsync(), await FakeEmbeddingServer.StartAsync());
        (models.Far.Dimensions, models.Near.Dimensions) = (Dimensions, Dimensions);
        (models.Far.Salt, models.Near.Salt) = ("far:", "near:");
        return models;
    }

    public SophiaSettings Settings(string folder, string? postgres = null)
    {
        var environment = new Dictionary<string, string>();
        foreach (var (name, server) in (ReadOnlySpan<(string, FakeEmbeddingServer)>)[("far", far), ("near", near)])
        {
            var prefix = $"Sophia__Models__{name}__";
            environment[prefix + "Kind"] = "OpenAI";
            environment[prefix + "Endpoint"] = server.Endpoint;
            environment[prefix + "Model"] = name;
            environment[prefix + "Dimensions"] = Dimensions.ToString(CultureInfo.InvariantCulture);
            environment[prefix + "ApiKey"] = server.Key;
        }

        return new SophiaSettings { DataDirectory = folder, Postgres = postgres, Environment = environment };
    }

    /// <summary>Makes the namespace with the model far and writes so many records, whose contents follow from their keys.</summary>
    public static async Task WriteAsync(HttpClient http, string ns, int records)
    {
        (await http.SendAsync(HttpMethod.Put, $"/v1/namespaces/{ns}", Requests.JsonBody(new JsonObject { ["model"] = "far" }))).Require(HttpStatusCode.Created);
        foreach (var keys in Enumerable.Range(0, records).Select(Key).Chunk(100))
        {
            var items = new JsonArray([.. keys.Select(key => (JsonNode)new JsonObject { ["key"] = key, ["content"] = Texts.Of(key) })]);
            (await http.PostJsonAsync($"/v1/namespaces/{ns}/memories", new JsonObject { ["items"] = items })).Require(HttpStatusCode.OK);
        }
    }

    public static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"first-{i:D4}");

    /// <summary>Begins the change to near; whatever the check finds, it passes, since the vectors of these models mean nothing.</summary>
    public static async Task StartAsync(HttpClient http, string ns, bool cutsByItself = true) => (await http.PostJsonAsync(
        $"/v1/namespaces/{ns}/model",
        new JsonObject { ["model"] = "near", ["minRecall"] = 0, ["cutOver"] = cutsByItself ? "auto" : "manual" })).Require(HttpStatusCode.Accepted);

    public static async Task MoveAsync(HttpClient http, string ns, string step) =>
        (await http.PostJsonAsync($"/v1/namespaces/{ns}/model/{step}", new JsonObject())).Require(HttpStatusCode.Accepted);

    public static async Task<JsonObject> StatusAsync(HttpClient http, string ns) =>
        (await http.SendAsync(HttpMethod.Get, $"/v1/namespaces/{ns}/model", null)).Require(HttpStatusCode.OK).Json;

    public static async Task UntilAsync(SophiaProcess process, string ns, string state)
    {
        var last = "";
        await Eventually.IsTrueAsync(async () =>
        {
            var status = await StatusAsync(process.Http, ns);
            last = status.ToJsonString();
            return (string?)status["state"] == state;
        }, $"the change is {state}", () => last + Environment.NewLine + process.Shown);
    }

    /// <summary>The model that a process searches the namespace with.</summary>
    public static async Task<string?> CurrentAsync(HttpClient http, string ns) =>
        (string?)(await http.SendAsync(HttpMethod.Get, $"/v1/namespaces/{ns}", null)).Require(HttpStatusCode.OK).Json["settings"]!["model"];

    /// <summary>
    /// Searches by the vector of a record's own text. Query and record have one direction in either model, so the cosine is 1; between
    /// two models it is near 0.
    /// </summary>
    /// <returns>The best hit's key, and its cosine.</returns>
    public static async Task<(string? Key, double Cosine)> FindAsync(HttpClient http, string ns, string key, string? minSequence = null)
    {
        var body = new JsonObject { ["query"] = Texts.Of(key), ["mode"] = "vector", ["k"] = 1 };
        if (minSequence is not null)
        {
            body["minSequence"] = minSequence;
        }

        var found = (await http.PostJsonAsync($"/v1/namespaces/{ns}/search", body)).Require(HttpStatusCode.OK).Json;
        if (found["hits"]!.AsArray() is not [{ } hit, ..])
        {
            return (null, 0);
        }

        return ((string?)hit["key"], (double)hit["parts"]!.AsArray().Single(part => (string)part!["name"]! == "vector")!["score"]!);
    }

    /// <summary>Fails unless the search finds the record itself, in its own model.</summary>
    public static async Task FindsAsync(HttpClient http, string ns, string key, string? minSequence = null)
    {
        var (found, cosine) = await FindAsync(http, ns, key, minSequence);
        Assert.Equal(key, found);
        Assert.InRange(cosine, 0.999, 1.001);
    }

    public async ValueTask DisposeAsync()
    {
        await far.DisposeAsync();
        await near.DisposeAsync();
    }
}
