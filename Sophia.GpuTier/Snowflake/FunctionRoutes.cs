using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Sophia.GpuTier.Composition;
using Sophia.Snowflake.Serving.Functions;
using Sophia.Stores.Postgres;

namespace Sophia.GpuTier.Snowflake;

/// <summary>POST and GET /v1/snowflake/functions/{function}, as at the API; only where an integration is configured.</summary>
internal sealed partial class FunctionRoutes(ILogger<FunctionRoutes> logger)
{
    /// <exception cref="FormatException">An integration or a limit cannot be.</exception>
    public static void Add(IServiceCollection services, NodeOptions options)
    {
        try
        {
            services.AddExternalFunctions(options.ExternalFunctions, static s => s.GetRequiredService<NpgsqlDataSource>(), PostgresErrors.Translate);
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
        var refusal = FunctionRefusal.Of(error);
        if (refusal.Status == 500)
        {
            LogFailed(trace, error);
        }

        context.Response.StatusCode = refusal.Status;
        context.Response.Headers.CacheControl = "no-store";
        if (refusal.RetryAfter is { } delay)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(delay.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        await context.Response.WriteAsJsonAsync(
            FunctionProblem.Of(refusal, trace), FunctionProblemJson.Default.FunctionProblem, "application/problem+json", context.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A call of Snowflake's failed (trace {Trace}).")]
    private partial void LogFailed(string trace, Exception error);
}
