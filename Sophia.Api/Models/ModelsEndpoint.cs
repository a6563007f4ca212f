using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;

namespace Sophia.Api.Models;

/// <summary>GET /v1/models: the models that make vectors here, and how each does in this process.</summary>
internal sealed class ModelsEndpoint(MemoryHierarchy memory)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var models = ActivatorUtilities.CreateInstance<ModelsEndpoint>(routes.ServiceProvider);
        routes.MapEdge("GET", "/v1/models", Rights.Read, models.GetAsync)
            .Describe("Models", "ListModels", "Lists the models that make vectors, with their state and counts in this process").Answers<ModelsAnswer>(200);
    }

    public async Task GetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        using var body = new JsonBody(1024);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var model in memory.Models.All)
        {
            Write(json, model, ReferenceEquals(model, memory.Models.Standard));
        }

        json.WriteEndArray();
        json.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }

    private static void Write(Utf8JsonWriter json, EmbeddingModel model, bool isStandard)
    {
        var state = model.State;
        json.WriteStartObject();
        json.WriteString("name", model.Name);
        json.WriteString("identity", model.Identity);
        json.WriteString("kind", model.Kind);
        json.WriteString("source", model.Source);
        json.WriteNumber("dimensions", model.Dimensions);
        json.WriteBoolean("local", model.IsLocal);
        json.WriteBoolean("default", isStandard);
        json.WriteString("state", state.Health switch { ModelHealth.Unavailable => "unavailable", ModelHealth.Failing => "failing", _ => "ready" });
        json.WriteString("reason", state.Reason);
        json.WriteNumber("texts", state.Texts);
        json.WriteNumber("calls", state.Calls);
        json.WriteNumber("retries", state.Retries);
        json.WriteNumber("failures", state.Failures);
        json.WriteEndObject();
    }
}
