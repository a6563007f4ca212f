using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sophia.Api.Answering;

namespace Sophia.Api.Problems;

/// <summary>Writes problems as application/problem+json.</summary>
internal static class ProblemWriter
{
    /// <summary>What the caller may quote to find the request in logs and traces.</summary>
    public static string TraceIdOf(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;

    /// <param name="start">Timestamp of the request's start, for Server-Timing.</param>
    public static async Task WriteAsync(HttpContext context, Problem problem, long start)
    {
        var response = context.Response;
        var allow = response.Headers.Allow;
        response.Clear();
        response.StatusCode = problem.Status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        response.Headers[HeaderNames.ServerTiming] = TimingHeader.TotalOnly(start);
        if (allow.Count > 0)
        {
            response.Headers.Allow = allow;
        }

        if (problem.Status == 401)
        {
            response.Headers.WWWAuthenticate = "Bearer realm=\"sophia\"";
        }

        if (problem.RetryAfter is { } delay)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(delay.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        var body = Render(problem, TraceIdOf(context));
        response.ContentLength = body.WrittenCount;
        await response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    /// <summary>The problem as JSON.</summary>
    public static ArrayBufferWriter<byte> Render(Problem problem, string traceId)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(body, JsonBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("type", $"urn:sophia:problem:{problem.Code}");
        json.WriteString("title", TitleOf(problem.Code));
        json.WriteNumber("status", problem.Status);
        json.WriteString("detail", problem.Detail);
        json.WriteString("code", problem.Code);
        json.WriteString("suggestion", problem.Suggestion);
        json.WriteString("traceId", traceId);
        if (problem.Errors.Count > 0)
        {
            json.WriteStartArray("errors");
            foreach (var error in problem.Errors)
            {
                json.WriteStartObject();
                json.WriteString("path", error.Path);
                json.WriteString("message", error.Message);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        return body;
    }

    private static string TitleOf(string code) =>
        string.Concat(char.ToUpperInvariant(code[0]).ToString(), code.AsSpan(1).ToString().Replace('-', ' '));
}
