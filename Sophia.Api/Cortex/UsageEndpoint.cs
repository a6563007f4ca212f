using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Costs;
using Sophia.Api.Documentation;
using Sophia.Api.Reading;
using Sophia.Memory.Cortex;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.Cortex;

/// <summary>GET /v1/cortex/usage: the tenant's calls of models in a month, made and avoided, by model and operation.</summary>
internal sealed class UsageEndpoint(CortexMemory cortex, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var usage = ActivatorUtilities.CreateInstance<UsageEndpoint>(routes.ServiceProvider);
        routes.MapEdge("GET", "/v1/cortex/usage", Rights.Read, usage.GetAsync)
            .Describe("Cortex", "GetUsage", "Shows the month's calls of models, made and avoided, by model and operation")
            .Query("month", "Such as 2027-01; this month by default (UTC).").Answers<UsageAnswer>(200).Refuses(400, 503);
    }

    public async Task GetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var month = Month.Read(new QueryValues(context.Request, "month"), clock);
        var rows = await cortex.Ledger.ReadAsync(caller.Tenant, month.FirstDay, month.LastDay, context.RequestAborted);
        using var body = new JsonBody(2048);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteString("month", month.Name);
        json.WriteStartArray("items");
        foreach (var group in rows.GroupBy(static row => (row.Model, row.Operation)).OrderBy(static group => group.Key))
        {
            json.WriteStartObject();
            json.WriteString("model", group.Key.Model);
            json.WriteString("operation", group.Key.Operation);
            WriteSummary(json, LedgerSummary.Of(group));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }

    private static void WriteSummary(Utf8JsonWriter json, LedgerSummary sum)
    {
        json.WriteNumber("calls", sum.Calls);
        json.WriteNumber("failed", sum.Failed);
        json.WriteNumber("hits", sum.Hits);
        json.WriteNumber("nearHits", sum.NearHits);
        json.WriteNumber("joined", sum.Joined);
        json.WriteNumber("inputTokens", sum.InputTokens);
        json.WriteNumber("outputTokens", sum.OutputTokens);
        CompletionJson.WriteCost(json, "spent", sum.Spent, isPriced: true);
        CompletionJson.WriteCost(json, "avoided", sum.Avoided, isPriced: true);
        json.WriteNumber("meanModelMs", sum.Calls == 0 ? 0 : Math.Round(sum.ModelTime.TotalMilliseconds / sum.Calls, 3));
    }
}
