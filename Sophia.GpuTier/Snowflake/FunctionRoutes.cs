using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using Npgsql;
using Sophia.GpuTier.Composition;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Stores;
using Sophia.Snowflake.ExternalFunctions;
using Sophia.Snowflake.Serving.Functions;

namespace Sophia.GpuTier.Snowflake;

/// <summary>A refusal (RFC 9457), in the form that the API has.</summary>
internal sealed record FunctionProblem(string Type, int Status, string Detail, string Code, string Suggestion, string TraceId);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FunctionProblem))]
internal sealed partial class FunctionProblemJson : JsonSerializerContext;

/// <summary>POST and GET /v1/snowflake/functions/{function}, as at the API; only where an integration is configured.</summary>
internal sealed partial class FunctionRoutes(ILogger<FunctionRoutes> logger)
{
    /// <exception cref="FormatException">An integration or a limit cannot be.</exception>
    public static void Add(IServiceCollection services, NodeOptions options)
    {
        try
        {
            services.AddExternalFunctions(options.ExternalFunctions, static s => s.GetRequiredService<NpgsqlDataSource>());
        }
        catch (ArgumentException error)
        {
            throw new FormatException(error.Message, error);
        }
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoint = routes.ServiceProvider.GetRequiredService<ExternalFunctionEndpoint>();
        var answers = ActivatorUtilities.CreateInstance<FunctionRoutes>(routes.ServiceProvider);
        routes.MapMethods(ExternalFunctionEndpoint.Pattern, ["POST"], (RequestDelegate)(context => answers.AnswerAsync(context, endpoint.PostAsync)));
        routes.MapMethods(ExternalFunctionEndpoint.Pattern, ["GET"], (RequestDelegate)(context => answers.AnswerAsync(context, endpoint.GetAsync)));
    }

    private async Task AnswerAsync(HttpContext context, RequestDelegate answer)
    {
        try
        {
            await answer(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            await RefuseAsync(context, error);
        }
    }

    private async Task RefuseAsync(HttpContext context, Exception error)
    {
        var trace = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
        var (status, code, detail, suggestion, wait) = error switch
        {
            BatchRefusedException e => (e.Status, e.Code, e.Message, e.Suggestion, e.RetryAfter),
            BadHttpRequestException e => (e.StatusCode, e.StatusCode == 413 ? "too-large" : "invalid-request", e.Message, "Send what Snowflake sends, or less at once.", null),
            StoreUnavailableException e => (503, "store-unavailable", e.Message, "Try again after the delay.", TimeSpan.FromSeconds(1)),
            EmbedderUnavailableException e => (503, e.Code, e.Message, e.Suggestion, e.RetryAfter),
            EmbedderAnswerException e => (502, e.Code, e.Message, e.Suggestion, (TimeSpan?)null),
            RefusedException { Code: "shard-loading" or "sequence-not-reached" } e => (503, e.Code, e.Message, e.Suggestion, TimeSpan.FromSeconds(1)),
            RefusedException e => (400, e.Code, e.Message, e.Suggestion, null),
            _ => (500, "internal-error", "The node failed at this request.", "Report the trace id.", null),
        };
        if (status == 500)
        {
            LogFailed(trace, error);
        }

        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
        if (wait is { } delay)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(delay.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        await context.Response.WriteAsJsonAsync(
            new FunctionProblem($"urn:sophia:problem:{code}", status, detail, code, suggestion, trace), FunctionProblemJson.Default.FunctionProblem, "application/problem+json", context.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A call of Snowflake's failed (trace {Trace}).")]
    private partial void LogFailed(string trace, Exception error);
}
