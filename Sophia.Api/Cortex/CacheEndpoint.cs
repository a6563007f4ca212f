using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Reading;
using Sophia.Memory.Cortex;
using Sophia.Memory.Cortex.Eviction;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.Cortex;

/// <summary>GET /v1/cortex/cache: what the cache in front of models takes, and which of the tenant's answers would go first, and why.</summary>
internal sealed class CacheEndpoint(CortexMemory cortex)
{
    private const int DefaultLimit = 10;
    private const int MostShown = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoint = ActivatorUtilities.CreateInstance<CacheEndpoint>(routes.ServiceProvider);
        routes.MapEdge("GET", "/v1/cortex/cache", Rights.Read, endpoint.GetAsync)
            .Describe("Cortex", "GetCache", "Shows what kept answers take, what went to make room, and which of the tenant's would go next, with what each is worth")
            .Query("limit", "How many of those that would go next, 1 to 100; 10 by default.").Answers<CacheAnswer>(200).Refuses(400);
    }

    public async Task GetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var limit = new QueryValues(context.Request, "limit").Whole("limit", 1, MostShown) ?? DefaultLimit;
        using var body = new JsonBody(2048);
        var json = body.Writer;
        json.WriteStartObject();
        Write(json, cortex.CacheReport());
        json.WriteStartArray("next");
        foreach (var answer in cortex.LeastWorth(caller.Tenant, limit))
        {
            json.WriteStartObject();
            json.WriteString("key", answer.Key);
            json.WriteNumber("bytes", answer.Bytes);
            json.WriteNumber("uses", answer.Uses);
            json.WriteNumber("savesNanoDollars", answer.SavingNanoDollars);
            json.WriteNumber("age", answer.Age);
            json.WriteNumber("worth", answer.Worth);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }

    /// <summary>The properties of a report, within an object.</summary>
    public static void Write(Utf8JsonWriter json, CacheReport cache)
    {
        json.WriteNumber("entries", cache.Count);
        json.WriteNumber("usedBytes", cache.Bytes);
        if (cache.BudgetBytes is { } budget)
        {
            json.WriteNumber("budgetBytes", budget);
        }
        else
        {
            json.WriteNull("budgetBytes");
        }

        json.WriteNumber("age", cache.Age);
        json.WriteStartObject("evictions");
        foreach (var (reason, count) in cache.Evictions)
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
    }
}
