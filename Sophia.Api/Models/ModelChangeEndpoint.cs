using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Tiers;

namespace Sophia.Api.Models;

/// <summary>…/namespaces/{ns}/model: changes the model of a namespace online, and says how far it is.</summary>
internal sealed class ModelChangeEndpoint(MemoryHierarchy memory)
{
    private const string One = "/v1/namespaces/{ns}/model";
    private const string Tag = "Models";
    private const int MaxBodyBytes = 64 * 1024;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var change = ActivatorUtilities.CreateInstance<ModelChangeEndpoint>(routes.ServiceProvider);
        routes.MapEdge("GET", One, Rights.Read, change.GetAsync).Describe(Tag, "GetModelChange", "Shows how far the namespace's newest change of model is").Answers<ModelChangeAnswer>(200).Refuses(400, 404);
        routes.MapEdge("POST", One, Rights.Admin, change.StartAsync).Describe(Tag, "StartModelChange", "Begins to change the namespace's model while it is written and searched")
            .Takes<ModelChangeBody>().Answers<ModelChangeAnswer>(202).Refuses(400, 404, 409, 413, 415, 503);
        routes.MapEdge("POST", One + "/cut-over", Rights.Admin, (context, caller) => change.MoveAsync(context, caller, memory => memory.CutOverAsync))
            .Describe(Tag, "CutOverModelChange", "Makes the new model current although the check held it, or because the change waits for it").Answers<ModelChangeAnswer>(202).Refuses(400, 404, 409, 503);
        routes.MapEdge("POST", One + "/undo", Rights.Admin, (context, caller) => change.MoveAsync(context, caller, memory => memory.UndoAsync))
            .Describe(Tag, "UndoModelChange", "Goes back to the old model, as long as its vectors are kept").Answers<ModelChangeAnswer>(202).Refuses(400, 404, 409, 503);
        routes.MapEdge("POST", One + "/finish", Rights.Admin, (context, caller) => change.MoveAsync(context, caller, memory => memory.FinishAsync))
            .Describe(Tag, "FinishModelChange", "Drops the old model's vectors; after this the change cannot be undone").Answers<ModelChangeAnswer>(202).Refuses(400, 404, 409, 503);
    }

    public async Task GetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var ns = await memory.RequireNamespaceAsync(context, caller);
        await SendAsync(context, 200, ns, await memory.Changes.FindAsync(ns, context.RequestAborted), start);
    }

    public async Task StartAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var ns = await memory.RequireNamespaceAsync(context, caller);
        using var bytes = await RequestBody.ReadJsonAsync(context, MaxBodyBytes);
        var change = await memory.Changes.StartAsync(ns, Read(bytes), context.RequestAborted);
        await SendAsync(context, 202, ns, change, start);
    }

    private async Task MoveAsync(HttpContext context, Caller caller, Func<ModelChanges, Func<NamespaceInfo, CancellationToken, Task<ModelChange>>> move)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var ns = await memory.RequireNamespaceAsync(context, caller);
        await SendAsync(context, 202, ns, await move(memory.Changes)(ns, context.RequestAborted), start);
    }

    private ModelChangeRequest Read(RequestBody bytes)
    {
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow("model", "minRecall", "samples", "cutOver");
            var name = json.Text("model", 64) ?? throw Refuse.Field("model", "It is missing.", "Name a model of GET /v1/models.");
            var model = memory.Models.Named(name) ?? throw Refuse.Field(
                "model", $"This service has no model '{name}'; it has {string.Join(", ", memory.Models.All.Select(m => m.Name))}.", "See GET /v1/models.");
            return new ModelChangeRequest(
                model, MinRecall(json), (int)(json.Whole("samples", 0, 1000) ?? 100),
                json.Text("cutOver", 16) switch
                {
                    null or "auto" => true,
                    "manual" => false,
                    _ => throw Refuse.Field("cutOver", "It is not auto or manual.", "Leave it out for auto."),
                });
        }
    }

    private static double MinRecall(BodyObject json)
    {
        if (!json.TryGet("minRecall", out var value))
        {
            return 0.9;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var share) && share is >= 0 and <= 1
            ? share : throw Refuse.Field("minRecall", "It is not a number from 0 to 1.", "Leave it out for 0.9.");
    }

    private async Task SendAsync(HttpContext context, int status, NamespaceInfo ns, ModelChange? change, long start)
    {
        using var body = new JsonBody(1024);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteString("state", change is null ? "none" : WordOf(change.Phase));
        json.WriteString("current", NameOf(change is { IsOpen: true } ? change.Current : ns.Settings.VectorModel));
        if (change is not null)
        {
            Write(json, "from", change.From, change.FromDimensions);
            Write(json, "to", change.To, change.ToDimensions);
            json.WriteNumber("made", change.Made);
            json.WriteNumber("total", Math.Max(change.Total, change.Made));
            if (change.Recall is { } recall)
            {
                json.WriteStartObject("recall");
                json.WriteNumber("samples", recall.Samples);
                Write(json, "before", recall.Before);
                json.WriteNumber("after", recall.After);
                Write(json, "overlap", recall.Overlap);
                json.WriteEndObject();
            }

            json.WriteNumber("minRecall", change.MinRecall);
            json.WriteString("cutOver", change.CutsByItself ? "auto" : "manual");
            json.WriteString("reason", change.Reason);
            json.WriteTime("startedAt", change.StartedAt);
            json.WriteTime("updatedAt", change.UpdatedAt);
        }

        json.WriteStartArray("can");
        foreach (var command in change?.Phase switch
        {
            ModelChangePhase.Making => (ReadOnlySpan<string>)["undo"],
            ModelChangePhase.Held => ["cut-over", "undo"],
            ModelChangePhase.Cut => ["undo", "finish"],
            ModelChangePhase.Settling => [],
            _ => ["start"],
        })
        {
            json.WriteStringValue(command);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        var trail = new Trail { ServedBy = Tier.L3 };
        trail.Add("l3", start);
        await body.SendAsync(context, status, trail, start);
    }

    private string? NameOf(string? identity) => memory.Models.Identified(identity)?.Name ?? identity;

    private void Write(Utf8JsonWriter json, string name, string identity, int dimensions)
    {
        json.WriteStartObject(name);
        json.WriteString("model", memory.Models.Identified(identity)?.Name);
        json.WriteString("identity", identity);
        json.WriteNumber("dimensions", dimensions);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static string WordOf(ModelChangePhase phase) => phase switch
    {
        ModelChangePhase.Making => "making",
        ModelChangePhase.Held => "held",
        ModelChangePhase.Cut => "cut-over",
        ModelChangePhase.Settling => "settling",
        ModelChangePhase.Finished => "finished",
        _ => "undone",
    };
}
