using System.Net;
using System.Text.Json.Nodes;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

/// <summary>A process that dies while it removes a namespace leaves one that is there, with less in it, and that the next one removes.</summary>
[Collection(FaultTests.Name)]
public sealed class NamespaceRemovalKilledTests(Engines engines)
{
    private const int Records = 4_000;

    /// <summary>A removal lasts some tenths of a second, and a kill that is late meets none: it is made again, of another namespace.</summary>
    private const int Attempts = 5;

    [Fact]
    public Task After_a_kill_SQLite_has_a_namespace_that_can_be_removed_again() => SurvivesAKillAsync(null);

    [SkippableFact]
    public Task After_a_kill_PostgreSQL_has_a_namespace_that_can_be_removed_again() => SurvivesAKillAsync(engines.NewDatabase());

    private static async Task SurvivesAKillAsync(string? postgres)
    {
        using var folder = new TestFolder();
        var settings = new SophiaSettings { DataDirectory = folder.Path, Postgres = postgres };
        for (var attempt = 1; ; attempt++)
        {
            var name = $"notes-{attempt}";
            await KillWhileRemovingAsync(settings, name);
            await using var next = await SophiaProcess.StartAsync(settings);
            if (await CountAsync(next, name) > 0)
            {
                await AssertIsRemovedAgainAsync(next, name);
                return;
            }

            Assert.True(attempt < Attempts, "The kill always came too late.");
        }
    }

    private static async Task KillWhileRemovingAsync(SophiaSettings settings, string name)
    {
        await using var process = await SophiaProcess.StartAsync(settings);
        (await process.Http.SendAsync(HttpMethod.Put, PathOf(name), Requests.JsonBody(new JsonObject { ["language"] = "de" }))).Require(HttpStatusCode.Created);
        foreach (var numbers in Enumerable.Range(0, Records).Chunk(500))
        {
            var items = new JsonArray([.. numbers.Select(i => (JsonNode)new JsonObject { ["key"] = $"k{i}", ["content"] = $"Wort {i}" })]);
            (await process.Http.PostJsonAsync(PathOf(name) + "/memories", new JsonObject { ["items"] = items })).Require(HttpStatusCode.OK);
        }

        var removing = process.Http.SendAsync(HttpMethod.Delete, PathOf(name), null);
        await Eventually.IsTrueAsync(async () => await CountAsync(process, name) < Records, "the removal has begun", () => process.Shown);
        process.Kill();
        try
        {
            (await removing).Require(HttpStatusCode.OK);
        }
        catch (HttpRequestException)
        {
            // The process died before it had answered.
        }
    }

    private static async Task AssertIsRemovedAgainAsync(SophiaProcess next, string name)
    {
        var left = (await next.Http.SendAsync(HttpMethod.Get, PathOf(name), null)).Require(HttpStatusCode.OK).Json;
        Assert.InRange((int)left["count"]!, 1, Records - 1);
        Assert.Equal("de", (string?)left["settings"]!["language"]);

        var proof = (await next.Http.SendAsync(HttpMethod.Delete, PathOf(name), null)).Require(HttpStatusCode.OK);

        Assert.Equal((int)left["count"]!, (int)proof.Json["matched"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await next.Http.SendAsync(HttpMethod.Get, PathOf(name), null)).Status);
        var put = (await next.Http.PutTextAsync(name, "k0", "cats")).Require(HttpStatusCode.Created);
        Assert.Equal(["k0"], await next.Http.SearchAsync(name, "cat", put.Sequence));
    }

    private static string PathOf(string name) => "/v1/namespaces/" + name;

    /// <summary>Zero where there is no such namespace any more.</summary>
    private static async Task<int> CountAsync(SophiaProcess process, string name)
    {
        var answer = (await process.Http.SendAsync(HttpMethod.Get, PathOf(name), null)).Require(HttpStatusCode.OK, HttpStatusCode.NotFound);
        return answer.Status == HttpStatusCode.NotFound ? 0 : (int)answer.Json["count"]!;
    }
}
