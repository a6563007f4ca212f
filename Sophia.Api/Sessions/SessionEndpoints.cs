using System.Diagnostics;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Forget;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;

namespace Sophia.Api.Sessions;

/// <summary>Sessions: turns of a conversation, appended, read, closed, forgotten.</summary>
internal sealed class SessionEndpoints(MemoryHierarchy memory, ApiOptions options)
{
    private const string One = "/v1/sessions/{id}";
    private const string Tag = "Sessions";
    private const int MaxCloseBytes = 64 * 1024;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var sessions = ActivatorUtilities.CreateInstance<SessionEndpoints>(routes.ServiceProvider);
        routes.MapEdge("POST", One + "/turns", Rights.Write, sessions.AppendAsync).Describe(Tag, "AppendTurns", "Appends turns; makes the session on first use").Idempotent()
            .Takes<TurnsBody>().Answers<TurnsAnswer>(200).Refuses(400, 409, 413, 415, 422, 429, 503);
        routes.MapEdge("GET", One, Rights.Read, sessions.ReadAsync).Describe(Tag, "GetSession", "Reads the last turns, oldest first; slides the time to live")
            .Query("last", "How many turns, 1 to 1,000; 20 by default.").Query("maxTokens", "Instead of last: as many as fit.").MinSequence().Answers<SessionAnswer>(200).Refuses(400, 404, 413, 503);
        routes.MapEdge("POST", One + "/close", Rights.Write, sessions.CloseAsync).Describe(Tag, "CloseSession", "Closes the session; promoteTo makes its turns records of a namespace").Idempotent()
            .Takes<CloseBody>().Answers<ClosedAnswer>(200).Refuses(400, 404, 409, 415, 422, 429, 503);
        routes.MapEdge("DELETE", One, Rights.Write, sessions.ForgetAsync).Describe(Tag, "ForgetSession", "Erases the session and its turns")
            .Answers<ForgetResultAnswer>(200).Refuses(400, 404, 429, 503);
    }

    public async Task AppendAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var id = context.SessionId();
        using var bytes = await RequestBody.ReadJsonAsync(context, options.MaxRequestBytes);
        var (turns, ttl) = SessionReader.Read(bytes, memory.Options.Limits);
        var mark = Idempotency.Read(context.Request, caller.Tenant, bytes.Span, memory.Clock.GetUtcNow());
        var trail = new Trail();
        var answer = await memory.Sessions.AppendAsync(caller.Tenant, id, turns, ttl, mark, trail, context.RequestAborted);
        if (answer.Writes.Replayed)
        {
            context.Response.Headers[HeaderNames.IdempotencyReplayed] = "true";
        }

        if (!answer.Writes.Last.IsNone)
        {
            context.Response.Headers[HeaderNames.SequenceToken] = answer.Writes.Last.ToToken();
        }

        using var body = new JsonBody();
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteStartArray("receipts");
        for (var i = 0; i < answer.Writes.Receipts.Count; i++)
        {
            ReceiptJson.Write(json, answer.Writes.Keys[i], answer.Writes.Receipts[i], answer.Numbers[i]);
        }

        json.WriteEndArray();
        json.WriteNumber("turns", answer.Numbers.Count);
        json.WriteTime("expiresAt", answer.ExpiresAt);
        json.WriteEndObject();
        await body.SendAsync(context, 200, trail, start);
    }

    public async Task ReadAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var id = context.SessionId();
        var query = new QueryValues(context.Request, "last", "maxTokens", "minSequence");
        var last = query.Whole("last", 1, 1000);
        var maxTokens = query.Whole("maxTokens", 1, int.MaxValue);
        if (last is not null && maxTokens is not null)
        {
            throw Refuse.Field("maxTokens", "The request has last and maxTokens.", "Give one of them.");
        }

        var trail = new Trail();
        var view = await memory.Sessions.ReadAsync(caller.Tenant, id, last, maxTokens, MinOf(context.Request, query), trail, context.RequestAborted)
            ?? throw Refuse.SessionNotFound(id);
        using var body = new JsonBody(2048);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteString("id", view.Id);
        json.WriteString("state", view.IsOpen ? "open" : "closed");
        json.WriteStartArray("turns");
        foreach (var turn in view.Turns)
        {
            json.WriteStartObject();
            json.WriteNumber("number", turn.Number);
            json.WriteString("role", turn.Role);
            json.WriteString("content", turn.Content);
            json.WritePropertyName("attributes");
            json.WriteRawValue(turn.Attributes.IsEmpty ? "{}"u8 : turn.Attributes.Span, skipInputValidation: true);
            json.WriteNumber("tokens", turn.Tokens);
            json.WriteTime("at", turn.At);
            json.WriteString("sequence", turn.Sequence.ToToken());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("totalTurns", view.TotalTurns);
        json.WriteNumber("tokens", view.Tokens);
        json.WriteTime("expiresAt", view.ExpiresAt);
        json.WriteEndObject();
        await body.SendAsync(context, 200, trail, start);
    }

    public async Task CloseAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var id = context.SessionId();
        using var bytes = await RequestBody.ReadJsonAsync(context, MaxCloseBytes);
        var promoteTo = ReadPromoteTo(bytes);
        var mark = Idempotency.Read(context.Request, caller.Tenant, bytes.Span, memory.Clock.GetUtcNow());
        var trail = new Trail();
        var answer = await memory.Sessions.CloseAsync(caller.Tenant, id, promoteTo, mark, trail, context.RequestAborted) ?? throw Refuse.SessionNotFound(id);
        using var body = new JsonBody();
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteNumber("promoted", answer.Promoted);
        json.WriteStartArray("receipts");
        foreach (var (key, receipt) in answer.Receipts)
        {
            ReceiptJson.Write(json, key, receipt);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        await body.SendAsync(context, 200, trail, start);
    }

    public async Task ForgetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var id = context.SessionId();
        var trail = new Trail();
        var answer = await memory.Sessions.ForgetAsync(caller.Tenant, id, trail, context.RequestAborted) ?? throw Refuse.SessionNotFound(id);
        using var body = new JsonBody();
        ForgetEndpoint.Write(body.Writer, answer);
        await body.SendAsync(context, 200, trail, start);
    }

    private static string? ReadPromoteTo(RequestBody bytes)
    {
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow("promoteTo");
            return json.Text("promoteTo", 128) is { } name ? RequestNames.CheckNamespace(name, "promoteTo") : null;
        }
    }

    // Which partition a session's turns are in is the memory's to know; here the token must only be one.
    private static Sequence MinOf(HttpRequest request, QueryValues query)
    {
        var header = request.Headers[HeaderNames.MinSequence];
        return (header.Count > 0 ? header.ToString() : query.One("minSequence")) switch
        {
            null => Sequence.None,
            var token when Sequence.TryParse(token, out var sequence) => sequence,
            _ => throw Refuse.Field("minSequence", "It is not a sequence token.", "Send the 'sequence' of a receipt as it is.", 400, "invalid-token"),
        };
    }
}
