using Sophia.Api.Problems;
using Sophia.Memory.Tiers;
using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.TiersAndHealth;

/// <summary>GET /v1/tiers: what each tier is, how it is, and what it did.</summary>
internal sealed class TiersEndpoint(MemoryHierarchy memory, ThisProcess process)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var tiers = ActivatorUtilities.CreateInstance<TiersEndpoint>(routes.ServiceProvider);
        routes.MapEdge("GET", "/v1/tiers", Rights.Read, tiers.GetAsync).Describe("Tiers", "GetTiers", "Shows each tier's engine, state, hits, evictions and latency against its budget").Answers<TiersAnswer>(200);
        routes.MapEdge("POST", "/v1/tiers/{tier}/evict", Rights.Admin, tiers.EvictAsync).Describe("Tiers", "Evict", "Drops what L0 holds of a namespace, here and on the nodes, or what L1's near copy here holds of it, or of a tag in it; it comes back by use")
            .Query("namespace", "Whose copies go.").Query("tag", "Of L1: only those with this tag.").Answers<EvictedAnswer>(200).Refuses(400, 404);
    }

    public async Task GetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var report = await memory.ReportAsync(context.RequestAborted);
        using var body = new JsonBody(4096);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteStartArray("tiers");
        foreach (var tier in report.Tiers)
        {
            Write(json, tier);
        }

        json.WriteEndArray();
        json.WriteStartObject("log");
        json.WriteNumber("lagMs", Math.Round(report.LogLag.TotalMilliseconds, 3));
        json.WriteNumber("entries", report.LogEntries);
        json.WriteEndObject();
        json.WriteStartObject("process");
        json.WriteString("id", process.Id);
        json.WriteTime("startedAt", process.StartedAt);
        json.WriteEndObject();
        json.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }

    public async Task EvictAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var query = new QueryValues(context.Request, "namespace", "tag");
        // Anything else is refused by the memory: only these two hold copies. (Enum.TryParse would take "1" and "L1,L0", too.)
        var tier = (string)context.Request.RouteValues["tier"]! switch { "L0" => Tier.L0, "L1" => Tier.L1, _ => Tier.L3 };
        // A tenant's admin may empty the caches of its own namespaces, not those of others.
        var name = query.One("namespace") ?? throw Refuse.Field("namespace", "It is missing.", "Name the namespace whose copies are to go.");
        RequestNames.CheckNamespace(name, "namespace");
        var tag = query.One("tag");
        if (tag is not null && tier == Tier.L0)
        {
            throw Refuse.Field("tag", "A shard of L0 is dropped whole.", "Leave the tag out, or evict from L1.");
        }

        var ns = await memory.FindNamespaceAsync(caller.Tenant, name, context.RequestAborted) ?? throw Refuse.NamespaceNotFound(name);
        var (near, shards) = await memory.EvictAsync(tier, ns.Id, tag);
        using var body = new JsonBody();
        body.Writer.WriteStartObject();
        body.Writer.WriteNumber("near", near);
        body.Writer.WriteNumber("shards", shards);
        body.Writer.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }

    public static string WordOf(TierState state) => state switch
    {
        TierState.Healthy => "healthy",
        TierState.Degraded => "degraded",
        TierState.Down => "down",
        _ => "off",
    };

    private static void Write(Utf8JsonWriter json, TierReport tier)
    {
        json.WriteStartObject();
        json.WriteString("tier", AnswerHeaders.NameOf(tier.Tier));
        json.WriteString("name", tier.Name);
        json.WriteString("engine", tier.Engine);
        json.WriteString("state", WordOf(tier.State));
        json.WriteString("reason", tier.Reason);
        json.WriteNumber("budgetMs", tier.Budget.TotalMilliseconds);
        json.WriteNumber("hits", tier.Hits);
        json.WriteNumber("misses", tier.Misses);
        var asked = tier.Hits + tier.Misses;
        WriteOrNull(json, "hitRatio", asked == 0 ? null : Math.Round((double)tier.Hits / asked, 6));
        json.WriteNumber("promotions", tier.Promotions);
        json.WriteStartObject("evictions");
        foreach (var (reason, count) in tier.Evictions)
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
        json.WriteNumber("errors", tier.Errors);
        WriteOrNull(json, "usedBytes", tier.UsedBytes);
        WriteOrNull(json, "limitBytes", tier.LimitBytes);
        Write(json, tier.Latency);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LatencyReport latency)
    {
        json.WriteStartObject("latency");
        json.WriteNumber("count", latency.Count);
        WriteOrNull(json, "p50Ms", latency.P50Ms);
        WriteOrNull(json, "p95Ms", latency.P95Ms);
        WriteOrNull(json, "p99Ms", latency.P99Ms);
        json.WriteNumber("overBudget", latency.OverBudget);
        WriteOrNull(json, "sumMs", latency.SumMs);
        json.WriteStartArray("buckets");
        foreach (var (bound, count) in latency.Buckets)
        {
            json.WriteStartObject();
            WriteOrNull(json, "leMs", bound);
            json.WriteNumber("count", count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // JSON has no infinity: the last bucket's bound is null.
    private static void WriteOrNull(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
