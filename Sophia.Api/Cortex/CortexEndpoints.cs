using System.Diagnostics;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Cortex;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;

namespace Sophia.Api.Cortex;

/// <summary>Models behind the cache (L2). They need the right to write: a question may cost money.</summary>
internal sealed class CortexEndpoints(CortexMemory cortex, MemoryHierarchy memory)
{
    private const string Tag = "Cortex";
    private const int MaxTexts = 256;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoints = ActivatorUtilities.CreateInstance<CortexEndpoints>(routes.ServiceProvider);
        routes.MapEdge("POST", "/v1/cortex/complete", Rights.Write, endpoints.CompleteAsync)
            .Describe(Tag, "Complete", "Completes a prompt: from the cache if the same or a near one was answered, otherwise by the model")
            .Takes<CompletionBody>().Answers<CompletionResultAnswer>(200).Refuses(400, 402, 404, 409, 413, 415, 422, 502, 503);
        routes.MapEdge("POST", "/v1/cortex/embed", Rights.Write, endpoints.EmbedAsync)
            .Describe(Tag, "Embed", "Makes vectors of up to 256 texts; those of models that have to be waited for are kept")
            .Takes<EmbedBody>().Answers<EmbedResultAnswer>(200).Refuses(400, 402, 404, 409, 413, 415, 422, 502, 503);
    }

    public async Task CompleteAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        using var bytes = await RequestBody.ReadJsonAsync(context, CompletionReader.MaxBodyBytes);
        CompletionRequest request;
        string? name;
        bool streams;
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow("model", "prompt", "system", "messages", "namespace", "temperature", "topP", "maxTokens", "seed", "stop", "cache", "stream");
            request = CompletionReader.Read(json);
            streams = json.Truth("stream") ?? false;
            name = json.Text("namespace", 128);
        }

        var ns = await NamespaceAsync(context, caller, name);
        if (streams)
        {
            await CompletionStream.SendAsync(context, cortex.CompleteInPartsAsync(caller.Tenant, ns, request, new Trail(), context.RequestAborted), start);
            return;
        }

        if (cortex.TryGetNear(caller.Tenant, ns, request, out var near))
        {
            await SendAsync(context, near, start);
            return;
        }

        var trail = new Trail();
        var answer = await cortex.CompleteAsync(caller.Tenant, ns, request, trail, context.RequestAborted);
        using var body = new JsonBody(1024);
        CompletionJson.Write(body.Writer, answer);
        await body.SendAsync(context, 200, trail, start);
    }

    // Rendered once per copy: a hit says the same each time.
    private static async Task SendAsync(HttpContext context, NearAnswer near, long start)
    {
        var found = Stopwatch.GetTimestamp();
        if (near.Rendering is not byte[] rendered)
        {
            using var body = new JsonBody(1024);
            CompletionJson.Write(body.Writer, near.Answer);
            body.Writer.Flush();
            near.Rendering = rendered = body.Written.ToArray();
        }

        var headers = context.Response.Headers;
        headers[HeaderNames.ServedBy] = "L1";
        headers[HeaderNames.ServerTiming] = TimingHeader.OfNear(start, found, Stopwatch.GetTimestamp());
        headers.ContentType = "application/json";
        headers.ContentLength = rendered.Length;
        await context.Response.BodyWriter.WriteAsync(rendered);
    }

    public async Task EmbedAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        using var bytes = await RequestBody.ReadJsonAsync(context, CompletionReader.MaxBodyBytes);
        EmbeddingRequest request;
        string? name;
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow("model", "texts", "role", "namespace", "cache");
            var texts = json.Texts("texts", MaxTexts, CompletionReader.MaxTextChars);
            request = new EmbeddingRequest(
                json.Text("model", 64), texts.Length > 0 ? texts : throw Refuse.Field("texts", "There is none.", "Send 1 to 256 texts."),
                json.Text("role", 16) switch
                {
                    null or "document" => EmbeddingRole.Document,
                    "query" => EmbeddingRole.Query,
                    _ => throw Refuse.Field("role", "It is not document or query.", "Leave it out for document."),
                },
                CompletionReader.CacheOf(json.Text("cache", 16)));
            name = json.Text("namespace", 128);
        }

        var trail = new Trail();
        var ns = await NamespaceAsync(context, caller, name);
        var answer = await cortex.EmbedAsync(caller.Tenant, ns, request, trail, context.RequestAborted);
        using var body = new JsonBody(4096);
        EmbeddingJson.Write(body.Writer, answer);
        await body.SendAsync(context, 200, trail, start);
    }

    private async ValueTask<NamespaceInfo?> NamespaceAsync(HttpContext context, Caller caller, string? name) => name is null ? null
        : await memory.FindNamespaceAsync(caller.Tenant, RequestNames.CheckNamespace(name, "namespace"), context.RequestAborted) ?? throw Refuse.NamespaceNotFound(name);
}
