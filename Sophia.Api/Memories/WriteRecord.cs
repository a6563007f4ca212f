using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Unicode;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Api.Memories;

/// <summary>PUT and DELETE of one record.</summary>
internal sealed class WriteRecord(MemoryHierarchy memory, ApiOptions options)
{
    // If-Match: * cannot be asked of the store in one step, so it is read and tried this often under concurrent writes.
    private const int Attempts = 4;

    public async Task PutAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var name = context.NamespaceName();
        var key = PathKey.Read(context, memory.Options.Limits);
        var ifMatch = Conditions.ReadIfMatch(context.Request);
        var mustNotExist = Conditions.ReadMustNotExist(context.Request);
        using var body = await ReadBodyAsync(context);
        var draft = DraftOf(context.Request, body, key);
        if (DraftRules.Check(draft, memory.Options.Limits) is { } broken)
        {
            throw Refuse.Rule(broken);
        }

        var mark = Idempotency.Read(context.Request, caller.Tenant, body.Span, memory.Clock.GetUtcNow(), key);
        var ns = ifMatch.IsGiven
            ? await memory.FindNamespaceAsync(caller.Tenant, name, context.RequestAborted) ?? throw Rejection(RejectReason.PreconditionFailed)
            : await memory.NamespaceForWriteAsync(caller.Tenant, name, draft.Vector?.Length ?? 0, context.RequestAborted);
        if (MemoryHierarchy.CheckForNamespace(draft, ns) is { } unfit)
        {
            throw Refuse.Rule(unfit);
        }

        var trail = new Trail();
        var answer = await WithPreconditionAsync(context, ns, key, ifMatch, mustNotExist, mark, precondition =>
            memory.PutAsync(ns, [new PutRequest(draft, precondition)], mark, trail, context.RequestAborted));
        var receipt = answer.Receipts[0];
        if (receipt.IsRejected)
        {
            throw Rejection(receipt.Reason, draft.WhenPresent == WhenPresent.Reject && !mustNotExist);
        }

        await SendAsync(context, key, answer, trail, receipt.Status == ReceiptStatus.Stored ? 201 : 200, start);
    }

    public async Task DeleteAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var ns = await memory.RequireNamespaceAsync(context, caller);
        var key = PathKey.Read(context, memory.Options.Limits);
        var ifMatch = Conditions.ReadIfMatch(context.Request);
        var mark = Idempotency.Read(context.Request, caller.Tenant, [], memory.Clock.GetUtcNow(), key);
        var trail = new Trail();
        var answer = await WithPreconditionAsync(context, ns, key, ifMatch, false, mark, precondition =>
            memory.DeleteAsync(ns, key, precondition, mark, trail, context.RequestAborted));
        if (answer.Receipts[0] is { IsRejected: true, Reason: var reason })
        {
            throw Rejection(reason);
        }

        await SendAsync(context, key, answer, trail, 200, start);
    }

    private ValueTask<RequestBody> ReadBodyAsync(HttpContext context)
    {
        var contentBytes = memory.Options.Limits.ContentBytes;
        if (!RequestBody.IsJson(context.Request.ContentType))
        {
            return RequestBody.ReadAsync(context, contentBytes);
        }

        // Escapes make text up to six times as long; a mebibyte is ample for all the other properties.
        return RequestBody.ReadJsonAsync(context, (int)Math.Min(options.MaxRequestBytes, (6L * contentBytes) + (1 << 20)));
    }

    private RecordDraft DraftOf(HttpRequest request, RequestBody body, string key)
    {
        if (RequestBody.IsJson(request.ContentType))
        {
            return new RecordReader(body.Json.Span, memory.Options.Limits, memory.Clock.GetUtcNow()).ReadSingle(key);
        }

        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) ||
            type.MediaType is null or "application/x-www-form-urlencoded" or "multipart/form-data")
        {
            // curl -d says x-www-form-urlencoded by itself, and whoever sends JSON so does not mean it.
            throw Refuse.MediaType("The Content-Type is missing or a form's.", "Send Content-Type: application/json for a record, or the content's own type, such as text/plain.");
        }

        var isText = type.MediaType.StartsWith("text/", StringComparison.OrdinalIgnoreCase);
        if (isText)
        {
            RequestBody.RequireUtf8(type);
            type.CharSet = null;
            if (!Utf8.IsValid(body.Span))
            {
                throw Refuse.Field("content", "The text is not valid UTF-8.", "Send text in UTF-8, or bytes as application/octet-stream.", 422, "invalid-record");
            }
        }

        return new RecordDraft
        {
            Key = key,
            Kind = isText ? ContentKind.Text : ContentKind.Bytes,
            Content = body.Span.ToArray(),
            ContentType = type.ToString(),
        };
    }

    /// <summary>
    /// One etag is the store's to compare. Of several, or with *, the current version is read and then required, so that
    /// the write is still refused when another comes between.
    /// </summary>
    private async Task<WriteAnswer> WithPreconditionAsync(
        HttpContext context, NamespaceInfo ns, string key, Conditions.IfMatch ifMatch, bool mustNotExist, IdempotencyMark? mark, Func<Precondition, Task<WriteAnswer>> write)
    {
        if (!ifMatch.IsGiven)
        {
            return await write(new Precondition(mustNotExist, Sequence.None));
        }

        if (ifMatch.Sequences is [var only])
        {
            return await write(new Precondition(mustNotExist, only));
        }

        for (var attempt = 1; ; attempt++)
        {
            var current = (await memory.GetAsync(ns, key, Sequence.None, new Trail(), context.RequestAborted)).Entry?.Record.Sequence;
            var matches = current is { } there && (ifMatch.IsAny || ifMatch.Sequences.Contains(there));
            var answer = await write(new Precondition(mustNotExist, matches ? current!.Value : NeverCurrent(ns)));
            var lostRace = matches && ifMatch.IsAny && answer.Receipts[0].Reason == RejectReason.PreconditionFailed;
            if (!lostRace || mark is not null || attempt == Attempts)
            {
                return answer;
            }
        }
    }

    // The store is asked even when nothing can match: it knows whether the request is a replay, and refuses it otherwise.
    private static Sequence NeverCurrent(NamespaceInfo ns) => Sequence.Of(ns.Partition, (1L << 48) - 1);

    private static async Task SendAsync(HttpContext context, string key, WriteAnswer answer, Trail trail, int status, long start)
    {
        var receipt = answer.Receipts[0];
        var headers = context.Response.Headers;
        if (!receipt.Sequence.IsNone)
        {
            headers.ETag = ETag.Of(receipt.Sequence);
            headers[HeaderNames.SequenceToken] = receipt.Sequence.ToToken();
        }

        if (answer.Replayed)
        {
            headers[HeaderNames.IdempotencyReplayed] = "true";
        }

        using var body = new JsonBody(256);
        ReceiptJson.Write(body.Writer, key, receipt);
        await body.SendAsync(context, status, trail, start);
    }

    private static ProblemException Rejection(RejectReason reason, bool byDraft = false) => reason switch
    {
        RejectReason.NotFound => Refuse.RecordNotFound(),
        RejectReason.TooLarge => Refuse.With(413, "too-large", ReceiptJson.DetailOf(reason), "Replace the record instead of merging, or split it."),
        RejectReason.AlreadyExists when byDraft => Refuse.With(409, "already-exists", ReceiptJson.DetailOf(reason), "Leave ifPresent out to replace it, or use another key."),
        RejectReason.AlreadyExists => Refuse.With(412, "precondition-failed", "A record with this key is there, and If-None-Match: * asked that none is.", "Read it, or write without the condition."),
        _ => Refuse.With(412, "precondition-failed", "The current version is not one that If-Match named.", "Read the record again and decide on its new version."),
    };
}
