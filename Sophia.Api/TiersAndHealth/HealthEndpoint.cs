using Sophia.Memory.Tiers;
using System.Diagnostics;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.TiersAndHealth;

/// <summary>GET /health: ready or not, open to every prober; the tiers' state only for those who may see it.</summary>
internal sealed class HealthEndpoint(MemoryHierarchy memory, AccessGate gate)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var health = ActivatorUtilities.CreateInstance<HealthEndpoint>(routes.ServiceProvider);
        routes.MapMethods("/health", ["GET", "HEAD"], (RequestDelegate)health.GetAsync);
    }

    public async Task GetAsync(HttpContext context)
    {
        var start = Stopwatch.GetTimestamp();
        var report = await memory.ReportAsync(context.RequestAborted);
        var isWhole = report.Tiers.All(t => t.State is TierState.Healthy or TierState.Off);
        using var body = new JsonBody();
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteString("status", !report.IsReady ? "unready" : isWhole ? "healthy" : "degraded");
        if (gate.MaySeeDetails(context))
        {
            json.WriteStartArray("tiers");
            foreach (var tier in report.Tiers)
            {
                json.WriteStartObject();
                json.WriteString("tier", AnswerHeaders.NameOf(tier.Tier));
                json.WriteString("state", TiersEndpoint.WordOf(tier.State));
                json.WriteString("reason", tier.Reason);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        context.Response.Headers.CacheControl = "no-store";
        await body.SendAsync(context, report.IsReady ? 200 : 503, new Trail(), start);
    }
}
