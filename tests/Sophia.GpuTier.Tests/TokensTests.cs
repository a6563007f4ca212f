using System.Net;
using System.Text.Json;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>Callers who want to see their own write, and take what is there of the rest.</summary>
[Collection(ClusterTests.Name)]
public sealed class TokensTests(Database database)
{
    [SkippableFact]
    public async Task A_search_that_may_be_partial_sees_the_write_whose_token_it_sends()
    {
        var (_, api) = await database.SmallAsync();
        await RunningCluster.JsonAsync(api, HttpMethod.Put, "/v1/namespaces/tokens/memories/first", """{"content":"A walrus on the quay."}""");
        await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/tokens/search", """{"query":"walrus","timeoutMs":60000}""");
        var wrong = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            var written = await RunningCluster.JsonAsync(api, HttpMethod.Put, $"/v1/namespaces/tokens/memories/k{i}", $$"""{"content":"Walrus number {{i}} on the quay."}""");
            var (status, body) = await RunningCluster.SendAsync(
                api, HttpMethod.Post, "/v1/namespaces/tokens/search",
                $$"""{"query":"walrus","mode":"lexical","k":100,"diversity":"off","minSequence":"{{written.GetProperty("sequence").GetString()}}","allowPartial":true,"timeoutMs":20000}""");
            if (status != HttpStatusCode.OK || JsonDocument.Parse(body).RootElement is var answer && (answer.TryGetProperty("partial", out _) || answer.GetProperty("matching").GetInt32() != i + 2))
            {
                wrong.Add($"{i}: {(int)status} {body}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of 40, such as {wrong.FirstOrDefault()}");
    }
}
