using System.Net;
using System.Text.Json;

namespace Sophia.Tests.Api;

public sealed class GpuOverHttpTests
{
    private static JsonElement Pool(JsonElement pools, string kind) =>
        pools.GetProperty("pools").EnumerateArray().Single(p => p.GetProperty("name").GetString()!.EndsWith("/" + kind, StringComparison.Ordinal));

    [Fact]
    public async Task The_vectors_of_a_namespace_stand_in_the_vector_caches_pool_until_it_is_evicted()
    {
        using var api = new ApiHost(new Dictionary<string, string> { ["Sophia:Gpu:Node"] = "n1", ["Sophia:Gpu:HostBytes"] = "100663296" });
        var gpu = await api.JsonAsync(HttpMethod.Get, "/v1/gpu");
        var before = Pool(await api.JsonAsync(HttpMethod.Get, "/v1/gpu/pools"), "vector-cache");
        var written = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/notes/memories/a", """{"content":"The heron stands in the reeds."}""", HttpStatusCode.Created);
        await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/notes/search", $$"""{"query":"heron","minSequence":"{{written.GetProperty("sequence").GetString()}}"}""");
        var holding = Pool(await api.JsonAsync(HttpMethod.Get, "/v1/gpu/pools"), "vector-cache");
        await api.JsonAsync(HttpMethod.Post, "/v1/tiers/L0/evict?namespace=notes");
        var after = Pool(await api.JsonAsync(HttpMethod.Get, "/v1/gpu/pools"), "vector-cache");

        var device = gpu.GetProperty("devices")[0];
        Assert.Equal(("n1/host", "host", "host", true), (device.GetProperty("name").GetString(), device.GetProperty("kind").GetString(), device.GetProperty("profile").GetString(), device.GetProperty("check").GetProperty("healthy").GetBoolean()));
        Assert.Equal((0, 20 << 20), (before.GetProperty("usedBytes").GetInt64(), before.GetProperty("grantedBytes").GetInt64()));
        Assert.True(holding.GetProperty("usedBytes").GetInt64() > 0);
        Assert.Equal(0, after.GetProperty("usedBytes").GetInt64());
        Assert.Equal(holding.GetProperty("usedBytes").GetInt64(), after.GetProperty("highWaterBytes").GetInt64());
        Assert.Equal(after.GetProperty("frees").GetInt64(), after.GetProperty("lifetimes").EnumerateArray().Sum(b => b.GetProperty("count").GetInt64()));
        using var metrics = await api.SendAsync(HttpMethod.Get, "/metrics");
        Assert.Contains("sophia_pool_used_bytes{", await metrics.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_of_a_shard_that_is_evicted_are_counted_by_the_reason_with_how_long_they_were_idle_and_those_of_a_removed_namespace_are_not()
    {
        using var api = new ApiHost(new Dictionary<string, string> { ["Sophia:Gpu:HostBytes"] = "100663296" });
        foreach (var ns in new[] { "notes", "others" })
        {
            var written = await api.JsonAsync(HttpMethod.Put, $"/v1/namespaces/{ns}/memories/a", """{"content":"The heron stands in the reeds."}""", HttpStatusCode.Created);
            await api.JsonAsync(HttpMethod.Post, $"/v1/namespaces/{ns}/search", $$"""{"query":"heron","minSequence":"{{written.GetProperty("sequence").GetString()}}"}""");
        }

        await api.JsonAsync(HttpMethod.Delete, "/v1/namespaces/others");
        var removed = Pool(await api.JsonAsync(HttpMethod.Get, "/v1/gpu/pools"), "vector-cache");
        await api.JsonAsync(HttpMethod.Post, "/v1/tiers/L0/evict?namespace=notes");
        var evicted = Pool(await api.JsonAsync(HttpMethod.Get, "/v1/gpu/pools"), "vector-cache");

        Assert.True(removed.GetProperty("frees").GetInt64() > 0);
        Assert.Empty(removed.GetProperty("evictions").EnumerateObject());
        var (frees, evictions) = (evicted.GetProperty("frees").GetInt64() - removed.GetProperty("frees").GetInt64(), evicted.GetProperty("evictions").GetProperty("requested").GetInt64());
        Assert.True(frees > 0);
        Assert.Equal((frees, frees), (evictions, evicted.GetProperty("idleBeforeEviction").EnumerateArray().Sum(b => b.GetProperty("count").GetInt64())));
    }

    [Fact]
    public async Task A_namespace_larger_than_the_pool_is_found_whole()
    {
        using var api = new ApiHost(new Dictionary<string, string> { ["Sophia:Gpu:HostBytes"] = "1048576" });
        string? last = null;
        for (var batch = 0; batch < 3; batch++)
        {
            var items = string.Join(',', Enumerable.Range(batch * 500, 500).Select(i => $$"""{"key":"k{{i}}","content":"heron number {{i}}"}"""));
            last = (await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/many/memories", $$"""{"items":[{{items}}]}""")).GetProperty("sequence").GetString();
        }

        var found = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/many/search", $$"""{"query":"heron number 1234","mode":"vector","k":1,"minSequence":"{{last}}"}""");

        Assert.Equal("k1234", found.GetProperty("hits")[0].GetProperty("key").GetString());
        Assert.Equal(1500, found.GetProperty("scanned").GetInt64());
        Assert.True(Pool(await api.JsonAsync(HttpMethod.Get, "/v1/gpu/pools"), "vector-cache").GetProperty("refused").GetInt64() > 0);
    }
}
