using System.Diagnostics;
using Microsoft.Extensions.Primitives;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Caching;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Api.Memories;

/// <summary>
/// GET of one record. A hit in the near copy is the service's hottest path: it runs to its end without a state machine
/// and answers bytes that were rendered before; everything else takes the asynchronous way.
/// </summary>
internal sealed class ReadRecord(MemoryHierarchy memory)
{
    private static readonly StringValues L1 = "L1";

    public Task Get(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var request = context.Request;
        if (request.QueryString.HasValue)
        {
            return GetWithQueryAsync(context, caller, start);
        }

        // No request's token here: merely asking the server for one costs an allocation.
        var lookUp = memory.FindNamespaceAsync(caller.Tenant, context.NamespaceName(), CancellationToken.None);
        if (!lookUp.IsCompletedSuccessfully)
        {
            return GetAfterLookUpAsync(context, lookUp, start);
        }

        return lookUp.Result is { } ns ? GetFrom(context, ns, start) : throw Refuse.NamespaceNotFound(context.NamespaceName());
    }

    public async Task GetContentAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var ns = await memory.RequireNamespaceAsync(context, caller);
        var query = new QueryValues(context.Request, "asOf", "minSequence");
        var (record, trail) = await FindAsync(context, ns, query, start);
        var headers = context.Response.Headers;
        AnswerHeaders.Set(headers, trail, start);
        headers.ETag = ETag.Of(record.Sequence);
        headers[HeaderNames.SequenceToken] = record.Sequence.ToToken();

        // Content is the callers': a browser that is led to it must neither guess its type nor run it as part of this site.
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        if (IsNotModified(context, headers.ETag!))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var isPlainText = record.Kind == ContentKind.Text && record.ContentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase);
        context.Response.ContentType = isPlainText && !record.ContentType.Contains(';', StringComparison.Ordinal) ? record.ContentType + "; charset=utf-8" : record.ContentType;
        context.Response.ContentLength = record.Content.Length;
        await context.Response.Body.WriteAsync(record.Content, context.RequestAborted);
    }

    private Task GetFrom(HttpContext context, NamespaceInfo ns, long start)
    {
        var key = PathKey.Read(context, memory.Options.Limits);
        var min = MinSequence.Read(context.Request, ns);
        return memory.TryGetNear(ns, key, min, out var entry)
            ? SendNear(context, entry, start)
            : GetThroughTiersAsync(context, ns, key, min, start);
    }

    private async Task GetAfterLookUpAsync(HttpContext context, ValueTask<NamespaceInfo?> lookUp, long start) =>
        await GetFrom(context, await lookUp ?? throw Refuse.NamespaceNotFound(context.NamespaceName()), start);

    private async Task GetThroughTiersAsync(HttpContext context, NamespaceInfo ns, string key, Sequence min, long start)
    {
        var trail = new Trail();
        var answer = await memory.GetAsync(ns, key, min, trail, context.RequestAborted);
        var entry = answer.Entry ?? throw Refuse.RecordNotFound();
        AnswerHeaders.Set(context.Response.Headers, trail, start);
        await Send(context, RenderedRecord.Of(entry));
    }

    private async Task GetWithQueryAsync(HttpContext context, Caller caller, long start)
    {
        var ns = await memory.RequireNamespaceAsync(context, caller);
        var query = new QueryValues(context.Request, "asOf", "minSequence", "include");
        var withVector = Includes.Vector(query);
        var (record, trail) = await FindAsync(context, ns, query, start);
        AnswerHeaders.Set(context.Response.Headers, trail, start);
        await Send(context, RenderedRecord.Of(record, withVector));
    }

    private async Task<(MemoryRecord Record, Trail Trail)> FindAsync(HttpContext context, NamespaceInfo ns, QueryValues query, long start)
    {
        var key = PathKey.Read(context, memory.Options.Limits);
        var min = MinSequence.Read(context.Request, ns, query.One("minSequence"));
        var trail = new Trail();
        if (query.Time("asOf") is { } at)
        {
            return (await memory.GetAsOfAsync(ns, key, at, trail, context.RequestAborted) ?? throw Refuse.RecordNotFound(), trail);
        }

        if (memory.TryGetNear(ns, key, min, out var near))
        {
            trail.Add("near", start);
            trail.ServedBy = Sophia.Memory.Tiers.Tier.L1;
            return (near.Record, trail);
        }

        var answer = await memory.GetAsync(ns, key, min, trail, context.RequestAborted);
        return (answer.Entry?.Record ?? throw Refuse.RecordNotFound(), trail);
    }

    private static Task SendNear(HttpContext context, NearEntry entry, long start)
    {
        var found = Stopwatch.GetTimestamp();
        var rendered = RenderedRecord.Of(entry);
        var headers = context.Response.Headers;
        headers[HeaderNames.ServedBy] = L1;
        headers[HeaderNames.ServerTiming] = TimingHeader.OfNear(start, found, Stopwatch.GetTimestamp());
        return Send(context, rendered);
    }

    private static Task Send(HttpContext context, RenderedRecord rendered)
    {
        var response = context.Response;
        var headers = response.Headers;
        headers.ETag = rendered.ETag;
        headers[HeaderNames.SequenceToken] = rendered.Sequence;
        if (IsNotModified(context, rendered.ETag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        headers.ContentType = "application/json";
        headers.ContentLength = rendered.Length;
        var write = response.BodyWriter.WriteAsync(rendered.Body);
        return write.IsCompletedSuccessfully ? Task.CompletedTask : write.AsTask();
    }

    private static bool IsNotModified(HttpContext context, StringValues etag)
    {
        var asked = context.Request.Headers.IfNoneMatch;
        return asked.Count != 0 && Conditions.IsNotModified(asked, etag.ToString());
    }
}
