using System.Diagnostics;

namespace Sophia.Api.Problems;

/// <summary>
/// Outermost: turns every refusal, failure and bare status into a problem. A request that completes at once and well
/// passes through without a state machine.
/// </summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger, IHostApplicationLifetime lifetime)
{
    public Task InvokeAsync(HttpContext context)
    {
        var start = Stopwatch.GetTimestamp();
        Task task;
        try
        {
            task = next(context);
        }
        catch (Exception e)
        {
            return AnswerAsync(context, e, start);
        }

        return task.IsCompletedSuccessfully && context.Response.StatusCode < 400
            ? Task.CompletedTask
            : AwaitAsync(context, task, start);
    }

    private async Task AwaitAsync(HttpContext context, Task task, long start)
    {
        try
        {
            await task;
        }
        catch (Exception e)
        {
            await AnswerAsync(context, e, start);
            return;
        }

        var response = context.Response;
        if (response.StatusCode >= 400 && !response.HasStarted && response.ContentLength is null or 0 && response.ContentType is null)
        {
            await ProblemWriter.WriteAsync(context, ProblemMap.OfStatus(response.StatusCode), start);
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception exception, long start)
    {
        if (context.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or IOException)
        {
            // The caller went away: nobody reads an answer, and it is nothing to log.
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            }

            return;
        }

        var problem = ProblemMap.Of(exception);
        if (problem is null && exception is OperationCanceledException && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            problem = new Problem(503, "store-unavailable", "The service is stopping.", "Try again after the delay.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }

        if (problem is null)
        {
            LogBug(logger, context.Request.Method, context.Request.Path, ProblemWriter.TraceIdOf(context), exception);
            problem = ProblemMap.OfStatus(500);
        }

        if (context.Response.HasStarted)
        {
            // The status has gone out; ending the connection is the only way left to say that the answer is not whole.
            context.Abort();
            return;
        }

        await ProblemWriter.WriteAsync(context, problem, start);
    }

    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed (trace {TraceId})")]
    private static partial void LogBug(ILogger logger, string method, PathString path, string traceId, Exception exception);
}
