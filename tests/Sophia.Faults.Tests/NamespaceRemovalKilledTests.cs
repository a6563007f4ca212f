using System.Net;
using System.Text.Json.Nodes;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

/// <summary>A process that dies while it removes a namespace leaves one that is there, with less in it, and that the next one removes.</summary>
[Collection(FaultTests.Name)]
public sealed class NamespaceRemovalKilledTests(Engines engines)
{
    private const string Ns = "/v1/namespaces/notes";
    private const int Records = 4_000;

    [Fact]
    public Task After_a_kill_SQLite_has_a_namespace_that_can_be_removed_again() => SurvivesAKillAsync(null);

    [SkippableFact]
    public Task After_a_kill_PostgreSQL_has_a_namespace_that_can_be_removed_again() => SurvivesAKillAsync(engines.NewDatabase());

    private static async Task SurvivesAKillAsync(string? postgres)
    {
        using var folder = new TestFolder();
        var settings = new SophiaSettings { DataDirectory = folder.Path, Postgres = postgres };
        await using (var process = await SophiaProcess.StartAsync(settings))
        {
            (await process.Http.SendAsync(HttpMethod.Put, Ns, Requests.JsonBody(new JsonObject { ["language"] = "de" }))).Require(HttpStatusCode.Created);
            foreach (var numbers in Enumerable.Range(0, Records).Chunk(500))
            {
                var items = new JsonArray([.. numbers.Select(i => (JsonNode)new JsonObject { ["key"] = $"k{i}", ["content"] = $"Wort {i}" })]);
                (await process.Http.PostJsonAsync(Ns + "/memories", new JsonObject { ["items"] = items })).Require(HttpStatusCode.OK);
            }

            var removing = process.Http.SendAsync(HttpMethod.Delete, Ns, null);
            await Eventually.IsTrueAsync(async () => await CountAsync(process) < Records, "the removal has begun", () => process.Shown);
            process.Kill();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => removing);
        }

        await using var next = await SophiaProcess.StartAsync(settings);
        var left = (await next.Http.SendAsync(HttpMethod.Get, Ns, null)).Require(HttpStatusCode.OK).Json;
        Assert.InRange((int)left["count"]!, 1, Records - 1);
        Assert.Equal("de", (string?)left["settings"]!["language"]);

        var proof = (await next.Http.SendAsync(HttpMethod.Delete, Ns, null)).Require(HttpStatusCode.OK);

        Assert.Equal((int)left["count"]!, (int)proof.Json["matched"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await next.Http.SendAsync(HttpMethod.Get, Ns, null)).Status);
        var put = (await next.Http.PutTextAsync("notes", "k0", "cats")).Require(HttpStatusCode.Created);
        Assert.Equal(["k0"], await next.Http.SearchAsync("notes", "cat", put.Sequence));
    }

    private static async Task<int> CountAsync(SophiaProcess process) =>
        (int)(await process.Http.SendAsync(HttpMethod.Get, Ns, null)).Require(HttpStatusCode.OK).Json["count"]!;
}
