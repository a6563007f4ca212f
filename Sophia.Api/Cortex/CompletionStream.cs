using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Sophia.Api.Answering;
using Sophia.Api.Changes;
using Sophia.Api.Problems;
using Sophia.Memory.Cortex;

namespace Sophia.Api.Cortex;

/// <summary>
/// An answer as server-sent events: <c>part</c> with {"text"}, at the end <c>done</c> with the answer but its text, or <c>error</c>
/// with the problem. What is refused before the first part is an ordinary problem.
/// </summary>
internal static class CompletionStream
{
    public static async Task SendAsync(HttpContext context, IAsyncEnumerable<CompletionPart> answer, long start)
    {
        await using var parts = answer.GetAsyncEnumerator(context.RequestAborted);
        var more = await parts.MoveNextAsync();
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var headers = context.Response.Headers;
        headers.ContentType = "text/event-stream";
        headers.CacheControl = "no-store";
        headers["X-Accel-Buffering"] = "no";
        headers[HeaderNames.ServerTiming] = TimingHeader.TotalOnly(start);
        try
        {
            while (more)
            {
                await WriteAsync(context, parts.Current);
                more = await parts.MoveNextAsync();
            }
        }
        catch (Exception error) when (ProblemMap.Of(error) is { } problem)
        {
            context.Response.BodyWriter.Write("event: error\n"u8);
            ChangeFeed.WriteData(context.Response.BodyWriter, ProblemWriter.Render(problem, ProblemWriter.TraceIdOf(context)).WrittenSpan);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }

    private static async Task WriteAsync(HttpContext context, CompletionPart part)
    {
        using var body = new JsonBody(256);
        var json = body.Writer;
        json.WriteStartObject();
        if (part.Whole is { } whole)
        {
            json.WriteString("finishReason", whole.FinishReason);
            json.WriteString("model", whole.Model.Name);
            CompletionJson.WriteUsage(json, whole);
            CompletionJson.WriteReceipt(json, whole);
        }
        else
        {
            json.WriteString("text", part.Text);
        }

        json.WriteEndObject();
        json.Flush();
        context.Response.BodyWriter.Write(part.Whole is null ? "event: part\n"u8 : "event: done\n"u8);
        ChangeFeed.WriteData(context.Response.BodyWriter, body.Written);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
