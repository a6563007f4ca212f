using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Cortex;
using Sophia.Api.Documentation;
using Sophia.Api.Reading;
using Sophia.Memory.Cortex;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.Costs;

/// <summary>GET /v1/costs/cortex: what the tenant's models cost in a month, what the cache saved, and the goals that it is there for.</summary>
internal sealed class CortexCosts(CortexMemory cortex, TimeProvider clock)
{
    private const double CallsGoal = 0.6;
    private const double CostGoal = 0.4;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var costs = ActivatorUtilities.CreateInstance<CortexCosts>(routes.ServiceProvider);
        routes.MapEdge("GET", "/v1/costs/cortex", Rights.Read, costs.GetAsync)
            .Describe("Costs", "GetCortexCosts", "Shows what models cost in a month and what the cache saved, against the goals of 60 % fewer calls and 40 % lower cost")
            .Query("month", "Such as 2027-01; this month by default (UTC).").Answers<CortexCostsAnswer>(200).Refuses(400, 503);
    }

    public async Task GetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var month = Month.Read(new QueryValues(context.Request, "month"), clock);
        var sum = LedgerSummary.Of(await cortex.Ledger.ReadAsync(caller.Tenant, month.FirstDay, month.LastDay, context.RequestAborted));
        var budget = await cortex.BudgetAsync(caller.Tenant, context.RequestAborted);
        using var body = new JsonBody(1024);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteString("month", month.Name);
        CompletionJson.WriteCost(json, "spent", sum.Spent, isPriced: true);
        CompletionJson.WriteCost(json, "avoided", sum.Avoided, isPriced: true);
        json.WriteNumber("calls", sum.Calls);
        json.WriteNumber("callsAvoided", sum.CallsAvoided);
        WriteGoal(json, "callsAvoidedShare", sum.ShareAvoided, CallsGoal);
        WriteGoal(json, "costAvoidedShare", sum.ShareSaved, CostGoal);
        if (budget is not null)
        {
            CompletionJson.WriteBudget(json, budget);
        }

        json.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }

    private static void WriteGoal(Utf8JsonWriter json, string name, double? share, double goal)
    {
        json.WriteStartObject(name);
        if (share is { } value)
        {
            json.WriteNumber("share", Math.Round(value, 4));
            json.WriteNumber("goal", goal);
            json.WriteBoolean("isMet", value >= goal);
        }
        else
        {
            json.WriteNull("share");
            json.WriteNumber("goal", goal);
            json.WriteNull("isMet");
        }

        json.WriteEndObject();
    }
}
