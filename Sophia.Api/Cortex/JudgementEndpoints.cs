using System.Diagnostics;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Cortex;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;

namespace Sophia.Api.Cortex;

/// <summary>What models judge of texts, behind the cache: which label one has, how alike two are.</summary>
internal sealed class JudgementEndpoints(CortexMemory cortex, MemoryHierarchy memory)
{
    private const string Tag = "Cortex";
    private const int MaxLabels = 100;
    private const int MaxLabelChars = 128;
    private const int MaxInstructionChars = 4096;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoints = ActivatorUtilities.CreateInstance<JudgementEndpoints>(routes.ServiceProvider);
        routes.MapEdge("POST", "/v1/cortex/classify", Rights.Write, endpoints.ClassifyAsync)
            .Describe(Tag, "Classify", "Gives a text the one of up to 100 labels that the model chooses")
            .Takes<ClassifyBody>().Answers<ClassifyAnswer>(200).Refuses(400, 402, 404, 409, 413, 415, 422, 502, 503);
        routes.MapEdge("POST", "/v1/cortex/similarity", Rights.Write, endpoints.SimilarityAsync)
            .Describe(Tag, "Similarity", "Compares two texts by the cosine of their vectors")
            .Takes<SimilarityBody>().Answers<SimilarityAnswer>(200).Refuses(400, 402, 404, 409, 413, 415, 422, 502, 503);
    }

    public async Task ClassifyAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        using var bytes = await RequestBody.ReadJsonAsync(context, CompletionReader.MaxBodyBytes);
        string text;
        string[] labels;
        string? instruction, model, name;
        CacheUse cache;
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow("text", "labels", "instruction", "model", "namespace", "cache");
            text = Required(json, "text");
            labels = json.Texts("labels", MaxLabels, MaxLabelChars);
            (instruction, model, name) = (json.Text("instruction", MaxInstructionChars), json.Text("model", 64), json.Text("namespace", 128));
            cache = CompletionReader.CacheOf(json.Text("cache", 16));
        }

        if (labels.Select(static label => label.Trim()).Distinct(StringComparer.OrdinalIgnoreCase).Count() != labels.Length || labels.Length < 2 ||
            labels.Any(static label => string.IsNullOrWhiteSpace(label) || label.Contains('\n', StringComparison.Ordinal)))
        {
            throw Refuse.Field("labels", "They are not 2 to 100 different lines of text.", "Send labels that differ by more than case.");
        }

        var trail = new Trail();
        var ns = await NamespaceAsync(context, caller, name);
        var (label, answer) = await cortex.ClassifyAsync(caller.Tenant, ns, text, labels, instruction, model, cache, trail, context.RequestAborted);
        using var body = new JsonBody(1024);
        body.Writer.WriteStartObject();
        body.Writer.WriteString("label", label);
        body.Writer.WriteString("model", answer.Model.Name);
        CompletionJson.WriteUsage(body.Writer, answer);
        CompletionJson.WriteReceipt(body.Writer, answer);
        body.Writer.WriteEndObject();
        await body.SendAsync(context, 200, trail, start);
    }

    public async Task SimilarityAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        using var bytes = await RequestBody.ReadJsonAsync(context, CompletionReader.MaxBodyBytes);
        string a, b;
        string? model, name;
        CacheUse cache;
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow("a", "b", "model", "namespace", "cache");
            (a, b, model, name) = (Required(json, "a"), Required(json, "b"), json.Text("model", 64), json.Text("namespace", 128));
            cache = CompletionReader.CacheOf(json.Text("cache", 16));
        }

        var trail = new Trail();
        var ns = await NamespaceAsync(context, caller, name);
        var (similarity, vectors) = await cortex.SimilarityAsync(caller.Tenant, ns, a, b, model, cache, trail, context.RequestAborted);
        using var body = new JsonBody(512);
        body.Writer.WriteStartObject();
        if (similarity is { } cosine)
        {
            body.Writer.WriteNumber("similarity", cosine);
        }
        else
        {
            body.Writer.WriteNull("similarity");
        }

        body.Writer.WriteString("model", vectors.Model.Name);
        EmbeddingJson.WriteReceipt(body.Writer, vectors);
        body.Writer.WriteEndObject();
        await body.SendAsync(context, 200, trail, start);
    }

    private static string Required(BodyObject json, string name) => json.Text(name, CompletionReader.MaxTextChars) is { } text && !string.IsNullOrWhiteSpace(text)
        ? text : throw Refuse.Field(name, "It is missing or empty.", "Send a text.");

    private async ValueTask<NamespaceInfo?> NamespaceAsync(HttpContext context, Caller caller, string? name) => name is null ? null
        : await memory.FindNamespaceAsync(caller.Tenant, RequestNames.CheckNamespace(name, "namespace"), context.RequestAborted) ?? throw Refuse.NamespaceNotFound(name);
}
