using System.Diagnostics;
using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;

namespace Sophia.Api.Changes;

/// <summary>
/// GET …/changes: the log of a namespace as server-sent events (WHATWG HTML, 9.2). Changes that are there are sent
/// together; while there are none, a comment now and then keeps the connection open.
/// </summary>
internal sealed class ChangeFeed(MemoryHierarchy memory, ApiOptions options, IHostApplicationLifetime lifetime)
{
    private const int FlushBytes = 64 * 1024;

    // How long the first read of the log may take before the answer begins; a refusal within it is still a problem.
    private static readonly TimeSpan FirstRead = TimeSpan.FromMilliseconds(250);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var feed = ActivatorUtilities.CreateInstance<ChangeFeed>(routes.ServiceProvider);
        routes.MapEdge("GET", "/v1/namespaces/{ns}/changes", Rights.Read, feed.GetAsync)
            .Describe("Changes", "GetChanges", "Streams changes as server-sent events; id is the sequence token, alone at first that of the place where the feed begins")
            .Query("from", "A sequence token, beginning, or now (default).").Header("Last-Event-ID", "The last event seen; goes before from.").Refuses(400, 404, 410);
    }

    public async Task GetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var ns = await memory.RequireNamespaceAsync(context, caller);
        var query = new QueryValues(context.Request, "from");
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var from = await FromAsync(context.Request, query.One("from"), ns, ending.Token);
        var changes = memory.ChangesAsync(ns, from, ending.Token).GetAsyncEnumerator(ending.Token);
        Task<bool>? next = null;
        try
        {
            next = changes.MoveNextAsync().AsTask();
            await Task.WhenAny(next, Task.Delay(FirstRead, ending.Token));
            if (next.IsFaulted)
            {
                await next;
            }

            await BeginAsync(context, from, start, ending.Token);
            if (HttpMethods.IsHead(context.Request.Method))
            {
                return;
            }

            while (await WaitAsync(context, next, ending.Token) && await next)
            {
                var written = WriteEvent(context, changes.Current);
                next = changes.MoveNextAsync().AsTask();
                while (next.IsCompletedSuccessfully && next.Result && written < FlushBytes)
                {
                    written += WriteEvent(context, changes.Current);
                    next = changes.MoveNextAsync().AsTask();
                }

                await context.Response.BodyWriter.FlushAsync(ending.Token);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The caller left or the service stops: either way the feed ends here, whole events only.
        }
        finally
        {
            await ending.CancelAsync();
            await EndAsync(changes, next);
        }
    }

    private async ValueTask<Sequence> FromAsync(HttpRequest request, string? from, NamespaceInfo ns, CancellationToken cancellationToken)
    {
        var last = request.Headers["Last-Event-ID"].ToString();
        return (last.Length > 0 ? last : from) switch
        {
            null or "now" => await memory.NowAsync(ns, cancellationToken),
            "beginning" => Sequence.Of(ns.Partition, 0),
            var token => MinSequence.Of(token, ns),
        };
    }

    private static async Task BeginAsync(HttpContext context, Sequence from, long start, CancellationToken cancellationToken)
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var headers = context.Response.Headers;
        headers.ContentType = "text/event-stream";
        headers.CacheControl = "no-store";
        headers["X-Accel-Buffering"] = "no";
        headers[HeaderNames.ServedBy] = "L3";
        headers[HeaderNames.SequenceToken] = from.ToToken();
        headers[HeaderNames.ServerTiming] = TimingHeader.TotalOnly(start);
        await context.Response.StartAsync(cancellationToken);

        // Who is cut off before the first change goes on from here, and not from another "now".
        context.Response.BodyWriter.Write(System.Text.Encoding.UTF8.GetBytes($": sophia\nid: {from.ToToken()}\n\n"));
        await context.Response.BodyWriter.FlushAsync(cancellationToken);
    }

    /// <summary>Waits for the next change with a heartbeat between; true when it is there.</summary>
    private async Task<bool> WaitAsync(HttpContext context, Task<bool> next, CancellationToken cancellationToken)
    {
        while (!next.IsCompleted)
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var heartbeat = Task.Delay(options.HeartbeatInterval, memory.Clock, waiting.Token);
            if (await Task.WhenAny(next, heartbeat) == next)
            {
                await waiting.CancelAsync();
                break;
            }

            await heartbeat;
            context.Response.BodyWriter.Write(":\n\n"u8);
            await context.Response.BodyWriter.FlushAsync(cancellationToken);
        }

        return true;
    }

    /// <summary>Writes one event; returns its bytes.</summary>
    private static int WriteEvent(HttpContext context, LogEntry entry)
    {
        using var body = new JsonBody(512);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteString("recordId", entry.Id.ToString());
        json.WriteString("key", entry.Key);
        json.WriteNumber("version", entry.Version);
        json.WriteString("sequence", entry.Sequence.ToToken());
        json.WriteTime("recordedAt", entry.RecordedAt);
        ChangeWords.WriteRecord(json, entry);
        json.WriteEndObject();
        json.Flush();

        var writer = context.Response.BodyWriter;
        var head = System.Text.Encoding.UTF8.GetBytes($"id: {entry.Sequence.ToToken()}\nevent: {ChangeWords.Of(entry.Kind)}\n");
        writer.Write(head);
        WriteData(writer, body.Written);
        return head.Length + body.Written.Length;
    }

    // Callers' JSON may have line ends between its tokens; each line of data needs its own field.
    internal static void WriteData(IBufferWriter<byte> writer, ReadOnlySpan<byte> data)
    {
        while (true)
        {
            var end = data.IndexOfAny((byte)'\n', (byte)'\r');
            writer.Write("data: "u8);
            writer.Write(end < 0 ? data : data[..end]);
            writer.Write("\n"u8);
            if (end < 0)
            {
                break;
            }

            data = data[(end + 1)..];
        }

        writer.Write("\n"u8);
    }

    // An enumerator may only be disposed when no step of it is under way.
    private static async ValueTask EndAsync(IAsyncEnumerator<LogEntry> changes, Task<bool>? next)
    {
        if (next is not null)
        {
            await next.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        await changes.DisposeAsync();
    }
}
