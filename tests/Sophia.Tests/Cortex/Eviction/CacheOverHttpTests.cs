using System.Net;
using System.Text.Json;

namespace Sophia.Tests.Cortex.Eviction;

public sealed class CacheOverHttpTests : IAsyncLifetime, IDisposable
{
    private FakeChatServer _server = null!;
    private CortexHost _host = null!;

    public async Task InitializeAsync()
    {
        _server = await FakeChatServer.StartAsync();
        _host = new CortexHost(_server, ("Sophia:Cortex:CacheBytes", "65536"));
    }

    public async Task DisposeAsync()
    {
        Dispose();
        await _server.DisposeAsync();
    }

    public void Dispose() => _host.Dispose();

    private Task<JsonElement> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK) => _host.JsonAsync(HttpMethod.Get, path, null, expected);

    private async Task<JsonElement> CacheOfThePoolAsync() => (await GetAsync("/v1/gpu/pools")).GetProperty("pools").EnumerateArray()
        .Single(pool => pool.GetProperty("name").GetString()!.EndsWith("/inference-cache", StringComparison.Ordinal)).GetProperty("cache");

    [Fact]
    public async Task The_pool_and_the_cache_tell_what_is_kept_what_went_and_what_would_go_next()
    {
        for (var i = 0; i < 30; i++)
        {
            await _host.AskAsync($$"""{"prompt":"{{new string('a', 4000)}} {{i}}","cache":"exact"}""");
        }

        JsonElement cache;
        // Answers leave the bytes when they are chosen, and are counted as evicted when the store has erased them.
        for (var i = 0;
             (cache = await CacheOfThePoolAsync()).GetProperty("usedBytes").GetInt64() > 65_536 ||
             cache.GetProperty("entries").GetInt32() + cache.GetProperty("evictions").GetProperty("worth least").GetInt64() != 30;
             i++)
        {
            Assert.True(i < 1000, cache.ToString());
            await Task.Delay(10);
        }

        Assert.Equal(65_536, cache.GetProperty("budgetBytes").GetInt64());
        Assert.True(cache.GetProperty("evictions").GetProperty("worth least").GetInt64() >= 15);
        var told = await GetAsync("/v1/cortex/cache?limit=3");
        Assert.Equal(cache.GetProperty("entries").GetInt32(), told.GetProperty("entries").GetInt32());
        Assert.Equal(3, told.GetProperty("next").GetArrayLength());
        var next = told.GetProperty("next")[0];
        Assert.Equal(
            next.GetProperty("age").GetDouble() + (next.GetProperty("uses").GetInt64() * next.GetProperty("savesNanoDollars").GetDouble() / next.GetProperty("bytes").GetInt64()),
            next.GetProperty("worth").GetDouble(), 6);
        Assert.InRange(next.GetProperty("savesNanoDollars").GetDouble(), 3_000_000, 3_100_000);
        Assert.Equal("invalid-request", (await GetAsync("/v1/cortex/cache?limit=0", HttpStatusCode.BadRequest)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Prompts_stand_in_the_pool_of_the_inference_cache_and_records_in_that_of_vectors()
    {
        async Task<long> UsedAsync(string pool) => (await GetAsync("/v1/gpu/pools")).GetProperty("pools").EnumerateArray()
            .Single(p => p.GetProperty("name").GetString()!.EndsWith(pool, StringComparison.Ordinal)).GetProperty("usedPages").GetInt64();

        await _host.AskAsync("""{"prompt":"explain the large plan"}""");
        Assert.Equal("near", (await _host.AskAsync("""{"prompt":"please explain the large plan"}""")).GetProperty("receipt").GetProperty("outcome").GetString());
        Assert.True(await UsedAsync("/inference-cache") > 0);
        Assert.Equal(0, await UsedAsync("/vector-cache"));

        var put = await _host.JsonAsync(HttpMethod.Put, "/v1/namespaces/notes/memories/k", """{"content":"a record"}""", HttpStatusCode.Created);
        await _host.JsonAsync(HttpMethod.Post, "/v1/namespaces/notes/search", $$"""{"query":"record","minSequence":"{{put.GetProperty("sequence").GetString()}}"}""", HttpStatusCode.OK);
        Assert.True(await UsedAsync("/vector-cache") > 0);
    }
}
