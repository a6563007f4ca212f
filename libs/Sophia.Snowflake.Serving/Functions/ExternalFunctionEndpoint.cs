using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Serving.Functions;

/// <summary>
/// What Snowflake's external functions, service functions and user-defined functions with external access call. A batch that
/// takes longer is answered 202 and polled for. Whoever maps it answers its exceptions (<see cref="BatchRefusedException"/> and the memory's).
/// </summary>
public sealed class ExternalFunctionEndpoint
{
    /// <summary>Where it is mapped, for POST and GET.</summary>
    public const string Pattern = "/v1/snowflake/functions/{function}";

    public const string SecretHeader = "Sophia-Integration-Secret";

    private readonly FrozenDictionary<string, IExternalFunction> _functions;
    private readonly IntegrationRing _integrations;
    private readonly BatchRunner _runner;
    private readonly ExternalFunctionOptions _options;

    internal ExternalFunctionEndpoint(IEnumerable<IExternalFunction> functions, IntegrationRing integrations, BatchRunner runner, ExternalFunctionOptions options)
    {
        _functions = functions.ToFrozenDictionary(f => f.Name, StringComparer.OrdinalIgnoreCase);
        (_integrations, _runner, _options) = (integrations, runner, options);
    }

    /// <summary>POST: a batch of rows.</summary>
    public async Task PostAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (caller, function) = Admit(context);
        var headers = HeadersOf(context);
        byte[] body;
        RowBatch batch;
        using (_runner.Read())
        {
            body = await RowBatch.ReadBodyAsync(context.Request.Body, context.Request.Headers.ContentEncoding, _options.Limits, context.RequestAborted).ConfigureAwait(false);
            batch = RowBatch.Parse(body, function.Parameters, _options.Limits);
        }

        var reply = await _runner.AskAsync(
            KeyOf(caller, function, headers), body, batch.Rows.Count,
            async (_, ct) => RowAnswers.Write(batch, await function.AnswerAsync(batch, caller, ct).ConfigureAwait(false), _options.Limits), context.RequestAborted).ConfigureAwait(false);
        await SendAsync(context, reply).ConfigureAwait(false);
    }

    /// <summary>GET: a batch that was sent before.</summary>
    public async Task GetAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (caller, function) = Admit(context);
        var reply = await _runner.PollAsync(
            KeyOf(caller, function, HeadersOf(context)), request => RowBatch.Parse(request, function.Parameters, _options.Limits).Rows.Count,
            async (request, ct) =>
            {
                var batch = RowBatch.Parse(request, function.Parameters, _options.Limits);
                return RowAnswers.Write(batch, await function.AnswerAsync(batch, caller, ct).ConfigureAwait(false), _options.Limits);
            }, context.RequestAborted).ConfigureAwait(false);
        await SendAsync(context, reply).ConfigureAwait(false);
    }

    private (Integration Caller, IExternalFunction Function) Admit(HttpContext context)
    {
        var secret = context.Request.Headers[SecretHeader];
        var caller = _integrations.Find(secret.Count == 1 ? secret[0] : null) ?? throw new BatchRefusedException(
            401, "unauthenticated", _integrations.IsEmpty ? "No integration with Snowflake is configured here." : "The call brings no secret of an integration that is known here.",
            $"Let the gateway add the header {SecretHeader}; its SHA-256 stands in Sophia:ExternalFunctions:Integrations.");
        var name = (string)context.Request.RouteValues["function"]!;
        return _functions.TryGetValue(name, out var function)
            ? (caller, function)
            : throw new BatchRefusedException(404, "not-found", "There is no such function.", $"There are {string.Join(", ", _functions.Keys.Order())}.");
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
            await response.Body.WriteAsync(reply.Body, context.RequestAborted).ConfigureAwait(false);
        }
    }
}
