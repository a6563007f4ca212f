using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Sophia.Faults.Tests.Harness;
using Sophia.Tests.Infrastructure;
using StackExchange.Redis;

namespace Sophia.Faults.Tests;

[Collection(FaultTests.Name)]
public sealed class CanaryTests
{
    private const string Canary = "xqcanaryzvogel";
    private const string Path = "/v1/namespaces/notes/memories";
    private static readonly float[] Vector = [0.1234567f, -0.7654321f, 0.3141592f, 0.2718281f];

    [Fact]
    public Task What_is_forgotten_is_in_no_byte_of_the_data_directory() => ForgetsAsync(null);

    [SkippableFact]
    public async Task What_is_forgotten_is_in_no_byte_of_the_data_directory_nor_of_Redis()
    {
        using var redis = Engines.NewRedis();
        await ForgetsAsync(redis);
    }

    [Fact]
    public Task What_was_in_a_namespace_that_is_removed_whole_is_in_no_byte_of_the_data_directory() => ForgetsAsync(null, removesWhole: true);

    private static async Task ForgetsAsync(RedisServer? redis, bool removesWhole = false)
    {
        using var folder = new TestFolder();
        await using var process = await SophiaProcess.StartAsync(new SophiaSettings
        {
            DataDirectory = folder.Path, Redis = redis?.ConnectionString,
            // A slow answer of Redis would begin a new epoch; what the old one has is out of reach, and stays until its time is over.
            Environment = new Dictionary<string, string> { ["Sophia__SharedTimeout"] = "00:00:10" },
        });
        var http = process.Http;
        (await http.PutTextAsync("notes", "other", "stays as it is")).Require(HttpStatusCode.Created);
        var last = await WriteAsync(http);
        Assert.Contains($"key-{Canary}", await http.SearchAsync("notes", Canary, last));
        for (var i = 0; i < 5; i++)
        {
            (await http.GetRecordAsync("notes", $"key-{Canary}")).Require(HttpStatusCode.OK);
            (await http.SendAsync(HttpMethod.Get, $"/v1/sessions/{Canary}", null)).Require(HttpStatusCode.OK);
        }

        // Unless it is found before, not finding it after says nothing.
        var vector = MemoryMarshal.AsBytes<float>(Vector).ToArray();
        Assert.NotEmpty(FilesWith(folder.Path, Encoding.UTF8.GetBytes(Canary)));
        Assert.NotEmpty(FilesWith(folder.Path, vector));
        if (redis is not null)
        {
            await Eventually.IsTrueAsync(async () => (await KeysWithCanaryAsync(redis)).Count > 0, "the canary is in Redis", () => process.Shown);
        }

        var forgot = removesWhole
            ? (await http.SendAsync(HttpMethod.Delete, "/v1/namespaces/notes", null)).Require(HttpStatusCode.OK)
            : (await http.PostJsonAsync("/v1/namespaces/notes/forget", new JsonObject { ["prefix"] = "key-" })).Require(HttpStatusCode.OK);
        Assert.Equal(removesWhole ? 4 : 3, (int)forgot.Json["matched"]!);
        (removesWhole ? await http.SendAsync(HttpMethod.Delete, "/v1/namespaces/vectors", null) : await http.ForgetAsync("vectors", $"key-{Canary}")).Require(HttpStatusCode.OK);
        (await http.SendAsync(HttpMethod.Delete, $"/v1/sessions/{Canary}", null)).Require(HttpStatusCode.OK);

        Assert.Equal(HttpStatusCode.NotFound, (await http.GetRecordAsync("notes", $"key-{Canary}")).Status);
        if (removesWhole)
        {
            var listed = (await http.SendAsync(HttpMethod.Get, "/v1/namespaces", null)).Require(HttpStatusCode.OK);
            Assert.Empty(listed.Json["items"]!.AsArray());
            (await http.PutTextAsync("notes", "other", "stays as it is")).Require(HttpStatusCode.Created);
        }

        Assert.Empty(await http.SearchAsync("notes", Canary, forgot.Sequence));
        Assert.Empty(FilesWith(folder.Path, Encoding.UTF8.GetBytes(Canary)));
        Assert.Empty(FilesWith(folder.Path, Encoding.Unicode.GetBytes(Canary)));
        Assert.Empty(FilesWith(folder.Path, vector));
        if (redis is not null)
        {
            Assert.Empty(await KeysWithCanaryAsync(redis));
        }

        Assert.DoesNotContain(Canary, process.Output + process.Errors, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("stays as it is", (await http.GetRecordAsync("notes", "other")).Require(HttpStatusCode.OK).Content);
    }

    /// <summary>Writes it in the key, content, tags, attributes, provenance, an older version, a deleted record, a turn, and a retried idempotency key.</summary>
    /// <returns>The last change of the notes.</returns>
    private static async Task<string> WriteAsync(HttpClient http)
    {
        JsonObject Full(string content) => new()
        {
            ["key"] = $"key-{Canary}", ["content"] = content, ["tags"] = new JsonArray($"tag-{Canary}"),
            ["attributes"] = new JsonObject { [$"name-{Canary}"] = $"value-{Canary}" },
            ["provenance"] = new JsonObject { ["source"] = Canary, ["agent"] = Canary, ["session"] = Canary, ["uri"] = $"https://example.com/{Canary}" },
        };
        (await http.PostJsonAsync(Path, new JsonObject { ["items"] = new JsonArray(Full($"the first {Canary}")) })).Require(HttpStatusCode.OK);
        (await http.PostJsonAsync(Path, new JsonObject { ["items"] = new JsonArray(Full($"the second {Canary} {Texts.Of("long")}")) })).Require(HttpStatusCode.OK);
        (await http.PutTextAsync("notes", $"key-deleted-{Canary}", $"deleted {Canary}")).Require(HttpStatusCode.Created);
        (await http.DeleteRecordAsync("notes", $"key-deleted-{Canary}")).Require(HttpStatusCode.OK);
        var last = "";
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var retried = await http.SendAsync(
                HttpMethod.Put, Requests.Record("notes", $"key-retried-{Canary}"), new StringContent($"retried {Canary}"), null, $"idempotency-{Canary}");
            last = retried.Require(HttpStatusCode.Created).Sequence;
            Assert.Equal(attempt == 1, retried.Headers.Contains("Idempotency-Replayed"));
        }

        var vector = new JsonArray([.. Vector.Select(component => (JsonNode)component)]);
        (await http.PostJsonAsync("/v1/namespaces/vectors/memories", new JsonObject
        {
            ["items"] = new JsonArray(new JsonObject { ["key"] = $"key-{Canary}", ["content"] = Canary, ["vector"] = vector }),
        })).Require(HttpStatusCode.OK);
        var turn = new JsonObject { ["role"] = "user", ["content"] = $"remember {Canary}", ["attributes"] = new JsonObject { ["about"] = Canary } };
        (await http.PostJsonAsync($"/v1/sessions/{Canary}/turns", new JsonObject { ["turns"] = new JsonArray(turn) })).Require(HttpStatusCode.OK);
        return last;
    }

    private static List<string> FilesWith(string folder, byte[] sought)
    {
        // Copied by cp, since .NET does not open what the service has locked.
        using var copy = new TestFolder();
        using (var cp = Process.Start("cp", ["-r", folder + "/.", copy.Path]))
        {
            cp.WaitForExit();
            Assert.Equal(0, cp.ExitCode);
        }

        var files = Directory.GetFiles(copy.Path, "*", SearchOption.AllDirectories);
        Assert.Equal(Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Length, files.Length);
        return [.. files.Where(file => File.ReadAllBytes(file).AsSpan().IndexOf(sought) >= 0).Select(file => System.IO.Path.GetFileName(file))];
    }

    // Every key whose name or whole value, uncompressed as DUMP writes it, has the canary.
    private static async Task<List<string>> KeysWithCanaryAsync(RedisServer redis)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString + ",allowAdmin=true");
        var server = connection.GetServers().Single();
        await server.ConfigSetAsync("rdbcompression", "no");
        var found = new List<string>();
        await foreach (var key in server.KeysAsync(pattern: "*"))
        {
            var dump = await connection.GetDatabase().KeyDumpAsync(key);
            var sought = Encoding.UTF8.GetBytes(Canary);
            if (((byte[])key!).AsSpan().IndexOf(sought) >= 0 || (dump is not null && dump.AsSpan().IndexOf(sought) >= 0))
            {
                found.Add(key!);
            }
        }

        return found;
    }
}
