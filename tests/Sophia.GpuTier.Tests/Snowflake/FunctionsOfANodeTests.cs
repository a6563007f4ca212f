using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;
using Sophia.Snowflake.Local;

namespace Sophia.GpuTier.Tests.Snowflake;

/// <summary>A node of L0 answers Snowflake's SQL itself, and writes its pools to Snowflake.</summary>
[Collection(ClusterTests.Name)]
public sealed class FunctionsOfANodeTests(Database database)
{
    private static readonly (string, string)[] Integration =
    [
        ("Sophia__ExternalFunctions__Integrations__0__Name", "gateway"), ("Sophia__ExternalFunctions__Integrations__0__Tenant", "local"),
        ("Sophia__ExternalFunctions__Integrations__0__SecretHash", "sha256:" + Convert.ToHexStringLower(SHA256.HashData("s3cret"u8))),
    ];

    [SkippableFact]
    public async Task A_node_answers_as_the_api_does_and_each_polls_the_batches_of_the_other()
    {
        await using var cluster = new RunningCluster(database.New());
        var node = await cluster.StartNodeAsync([.. Integration, ("Sophia__Cluster__ShardRecords", "100")]);
        var api = await cluster.StartApiAsync(isClustered: true, Integration);
        await RunningCluster.ReachesNodesAsync(api);
        var items = Enumerable.Range(0, 300).Select(static i => new { key = $"n{i}", content = i % 3 == 0 ? $"The cat number {i} sleeps on the server." : $"Invoice {i} is due." });
        await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/memories", JsonSerializer.Serialize(new { items }, JsonSerializerOptions.Web));
        await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/search", """{"query":"cat"}""");

        foreach (var (function, rows) in new[]
        {
            ("sophia_vector_search", """[[0,"notes","sleeping cats",5],[1,"notes","invoice 100",3],[2,null,"x",1]]"""),
            ("sophia_embed", """[[0,"the cat"],[1,null]]"""),
            ("sophia_similarity", """[[0,"the cat sleeps","the cat is sleeping"]]"""),
            ("sophia_rerank", """[[0,"cats",["invoices","cats sleep"]]]"""),
        })
        {
            var byNode = await CallAsync(node, function, $$"""{"data":{{rows}}}""", $"{function}-node");
            var byApi = await CallAsync(api, function, $$"""{"data":{{rows}}}""", $"{function}-api");
            Assert.Equal((HttpStatusCode.OK, byApi.Body), byNode);
            Assert.Equal(byNode, await CallAsync(api, function, null, $"{function}-node"));
            Assert.Equal(byApi, await CallAsync(node, function, null, $"{function}-api"));
        }
    }

    [SkippableFact]
    public async Task What_a_node_refuses_it_refuses_as_the_api_does()
    {
        await using var cluster = new RunningCluster(database.New());
        var node = await cluster.StartNodeAsync(Integration);

        foreach (var (function, body, secret, status, code) in new[]
        {
            ("sophia_embed", """{"data":[[0,"x"]]}""", "wrong", 401, "unauthenticated"),
            ("sophia_nothing", """{"data":[[0,"x"]]}""", "s3cret", 404, "not-found"),
            ("sophia_embed", """{"data":[[0,1]]}""", "s3cret", 400, "invalid-argument"),
            ("sophia_embed", "no json", "s3cret", 400, "malformed-batch"),
            ("sophia_vector_search", """{"data":[[0,"nowhere","x",1]]}""", "s3cret", 400, "namespace-not-found"),
        })
        {
            var (answered, text) = await CallAsync(node, function, body, Guid.NewGuid().ToString(), secret);
            Assert.Equal((status, code), ((int)answered, JsonDocument.Parse(text).RootElement.GetProperty("code").GetString()));
        }
    }

    [SkippableFact]
    public async Task A_node_without_an_integration_serves_no_functions()
    {
        await using var cluster = new RunningCluster(database.New());
        var node = await cluster.StartNodeAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await CallAsync(node, "sophia_embed", """{"data":[[0,"x"]]}""", "b")).Status);
    }

    [SkippableFact]
    public async Task A_node_writes_its_pools_to_snowflake()
    {
        using var folder = new TestFolder();
        var file = Path.Combine(folder.Path, "lake.duckdb");
        await using var cluster = new RunningCluster(database.New());
        var node = await cluster.StartNodeAsync(("Sophia__Snowflake__File", file), ("Sophia__Snowflake__SampleInterval", "00:00:01"), ("Sophia__Snowflake__FlushInterval", "00:00:01"), ("Sophia__Gpu__Node", "n7"));

        await Eventually.IsTrueAsync(
            async () => (await RunningCluster.SendAsync(node, HttpMethod.Get, "/metrics")).Body.Split('\n').Any(static line => line.StartsWith("sophia_snowflake_rows_total", StringComparison.Ordinal) && line.Contains("sampler", StringComparison.Ordinal) && !line.Contains("} 0", StringComparison.Ordinal)),
            "the node wrote its pools", () => node.Shown);
        node.Terminate();
        Assert.Equal(0, await node.WaitForExitAsync(TimeSpan.FromSeconds(30)));

        using var lake = new LocalSnowflake(file);
        using var session = lake.OpenSession();
        var pools = (await session.ExecuteAsync("select pool_name, pool_type, node_id from SOPHIA_AI_MEMORY.GPU_MEMORY_POOLS order by pool_name")).Rows;
        Assert.Equal(4, pools.Count);
        Assert.All(pools, static pool => Assert.StartsWith("n7/", (string)pool[0]!, StringComparison.Ordinal));
        Assert.All(pools, static pool => Assert.Equal("n7", pool[2]));
    }

    private static async Task<(HttpStatusCode Status, string Body)> CallAsync(SophiaProcess process, string function, string? body, string batch, string secret = "s3cret")
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, $"/v1/snowflake/functions/{function}");
        request.Headers.Add("Sophia-Integration-Secret", secret);
        request.Headers.Add("sf-external-function-query-batch-id", batch);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await process.Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
