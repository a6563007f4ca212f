using System.Collections.Frozen;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Problems;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Api.ExternalFunctions;

/// <summary>
/// POST and GET /v1/snowflake/functions/{function}: what Snowflake's external functions, service functions and user-defined
/// functions with external access call. A batch that takes longer is answered 202 and polled for.
/// </summary>
internal sealed class ExternalFunctionEndpoint(
    IEnumerable<IExternalFunction> functions, IntegrationRing integrations, BatchRunner runner, ExternalFunctionOptions options)
{
    public const string SecretHeader = "Sophia-Integration-Secret";

    private readonly FrozenDictionary<string, IExternalFunction> _functions = functions.ToFrozenDictionary(f => f.Name, StringComparer.OrdinalIgnoreCase);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoint = ActivatorUtilities.CreateInstance<ExternalFunctionEndpoint>(routes.ServiceProvider);
        const string Pattern = "/v1/snowflake/functions/{function}";
        Describe(routes.MapOpen("POST", Pattern, endpoint.PostAsync), "CallFunction", "Answers a batch of rows of Snowflake's");
        Describe(routes.MapOpen("GET", Pattern, endpoint.GetAsync), "PollFunction", "Answers a batch that took longer, when it is ready");
    }

    public async Task PostAsync(HttpContext context)
    {
        var (caller, function) = Admit(context);
        var headers = HeadersOf(context);
        var body = await RowBatch.ReadBodyAsync(context.Request.Body, context.Request.Headers.ContentEncoding, options.Limits, context.RequestAborted);
        var batch = RowBatch.Parse(body, function.Parameters, options.Limits);
        var reply = await runner.AskAsync(
            KeyOf(caller, function, headers), body, batch.Rows.Count,
            async (_, ct) => RowAnswers.Write(batch, await function.AnswerAsync(batch, caller, ct)), context.RequestAborted);
        await SendAsync(context, reply);
    }

    public async Task GetAsync(HttpContext context)
    {
        var (caller, function) = Admit(context);
        var reply = await runner.PollAsync(
            KeyOf(caller, function, HeadersOf(context)),
            async (request, ct) =>
            {
                var batch = RowBatch.Parse(request, function.Parameters, options.Limits);
                return RowAnswers.Write(batch, await function.AnswerAsync(batch, caller, ct));
            }, context.RequestAborted);
        await SendAsync(context, reply);
    }

    private static void Describe(EdgeRoute route, string id, string summary) =>
        route.Describe("Snowflake", id, summary)
            .Header(SecretHeader, "The integration's secret, which its gateway adds.")
            .Header(BatchHeaders.Prefix + "query-batch-id", "The batch: the same for each repeat and each poll.")
            .Refuses(400, 404, 413, 415, 429, 503);

    private (Integration Caller, IExternalFunction Function) Admit(HttpContext context)
    {
        var secret = context.Request.Headers[SecretHeader];
        var caller = integrations.Find(secret.Count == 1 ? secret[0] : null) ?? throw Refuse.With(
            401, "unauthenticated", integrations.IsEmpty ? "No integration with Snowflake is configured here." : "The call brings no secret of an integration that is known here.",
            $"Let the gateway add the header {SecretHeader}; its SHA-256 stands in Sophia:ExternalFunctions:Integrations.");
        var name = (string)context.Request.RouteValues["function"]!;
        return _functions.TryGetValue(name, out var function)
            ? (caller, function)
            : throw Refuse.With(404, "not-found", "There is no such function.", $"There are {string.Join(", ", _functions.Keys.Order())}.");
    }

    private static BatchHeaders HeadersOf(HttpContext context) =>
        BatchHeaders.Read(name => context.Request.Headers.TryGetValue(name, out var values) ? values.ToString() : null);

    private static BatchKey KeyOf(Integration caller, IExternalFunction function, BatchHeaders headers) =>
        new(caller.Tenant, caller.Name, function.Name, headers.BatchId);

    private static async Task SendAsync(HttpContext context, BatchReply reply)
    {
        var response = context.Response;
        response.StatusCode = reply.IsAnswered ? 200 : 202;
        response.Headers.CacheControl = "no-store";
        response.ContentLength = reply.Body.Length;
        if (reply.IsAnswered)
        {
            response.ContentType = "application/json";
            response.Headers.ContentMD5 = RowAnswers.ContentMd5(reply.Body.Span);
            await response.Body.WriteAsync(reply.Body, context.RequestAborted);
        }
    }
}
