using System.Diagnostics;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Api.Memories;

/// <summary>POST of many records: one transaction, a receipt each, in order.</summary>
internal sealed class WriteBatch(MemoryHierarchy memory, ApiOptions options)
{
    public async Task PostAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var name = context.NamespaceName();
        using var body = await RequestBody.ReadJsonAsync(context, options.MaxRequestBytes);
        var now = memory.Clock.GetUtcNow();
        var items = new RecordReader(body.Json.Span, memory.Options.Limits, now).ReadBatch(options.MaxBatchItems);
        var mark = Idempotency.Read(context.Request, caller.Tenant, body.Span, now);
        var trail = new Trail();
        WriteAnswer? answer = null;
        if (Dimensions(items) is { } dimensions)
        {
            var ns = await memory.NamespaceForWriteAsync(caller.Tenant, name, dimensions, context.RequestAborted);
            var puts = PutsOf(items, ns);
            answer = puts.Count == 0 ? null : await memory.PutAsync(ns, puts, mark, trail, context.RequestAborted);
        }

        if (answer is { Replayed: true })
        {
            context.Response.Headers[HeaderNames.IdempotencyReplayed] = "true";
        }

        using var json = new JsonBody(128 + (items.Count * 144));
        Write(json, items, answer);
        if (answer is { Last.IsNone: false })
        {
            context.Response.Headers[HeaderNames.SequenceToken] = answer.Last.ToToken();
        }

        await json.SendAsync(context, 200, trail, start);
    }

    /// <summary>The vectors' length of the first draft that has one, 0 when none has; null when there is no valid draft.</summary>
    private static int? Dimensions(List<BatchItem> items)
    {
        int? dimensions = null;
        foreach (var item in items)
        {
            if (item.Draft is { } draft)
            {
                if (draft.Vector is { } vector)
                {
                    return vector.Length;
                }

                dimensions = 0;
            }
        }

        return dimensions;
    }

    /// <summary>The drafts that the namespace takes; the others' items get their fault.</summary>
    private static List<PutRequest> PutsOf(List<BatchItem> items, NamespaceInfo ns)
    {
        var puts = new List<PutRequest>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Draft is not { } draft)
            {
                continue;
            }

            if (MemoryHierarchy.CheckForNamespace(draft, ns) is { } unfit)
            {
                items[i] = new BatchItem(draft.Key, null, $"items[{i}].{unfit.Path}: {unfit.Message} {unfit.Suggestion}");
                continue;
            }

            puts.Add(new PutRequest(draft));
        }

        return puts;
    }

    private static void Write(JsonBody body, List<BatchItem> items, WriteAnswer? answer)
    {
        var json = body.Writer;
        Span<int> counts = stackalloc int[(int)ReceiptStatus.Forgotten + 1];
        counts.Clear();
        var next = 0;
        json.WriteStartObject();
        json.WriteStartArray("receipts");
        foreach (var item in items)
        {
            if (item.Draft is null)
            {
                counts[(int)ReceiptStatus.Rejected]++;
                ReceiptJson.WriteInvalid(json, item.Key, item.Fault!);
                continue;
            }

            var receipt = answer!.Receipts[next++];
            counts[(int)receipt.Status]++;
            ReceiptJson.Write(json, item.Draft.Key, receipt);
        }

        json.WriteEndArray();
        json.WriteNumber("stored", counts[(int)ReceiptStatus.Stored]);
        json.WriteNumber("replaced", counts[(int)ReceiptStatus.Replaced]);
        json.WriteNumber("merged", counts[(int)ReceiptStatus.Merged]);
        json.WriteNumber("unchanged", counts[(int)ReceiptStatus.Unchanged]);
        json.WriteNumber("rejected", counts[(int)ReceiptStatus.Rejected]);
        json.WriteString("sequence", answer is { Last.IsNone: false } ? answer.Last.ToToken() : null);
        json.WriteEndObject();
    }
}
