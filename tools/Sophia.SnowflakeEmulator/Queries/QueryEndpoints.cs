using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sophia.Snowflake.Local;
using Sophia.SnowflakeEmulator.Sessions;

namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>Statements: start, wait, read again, stop.</summary>
internal static class QueryEndpoints
{
    private const int MaxStatementChars = 1 << 20;

    public static void MapQueries(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/queries/v1/query-request", StartAsync);
        routes.MapGet("/queries/{id}/result", ReadAsync);
        routes.MapPost("/queries/v1/abort-request", StopAsync);
        routes.MapGet("/monitoring/queries/{id}", Watch);
    }

    private static async Task<IResult> StartAsync(HttpRequest request, SessionStore sessions, Answers answers, CancellationToken cancellationToken)
    {
        var (session, refused) = sessions.Find(SessionEndpoints.Token(request));
        if (session is null) return SessionEndpoints.Refused(refused!);
        var body = await RequestBody.ReadAsync(request, cancellationToken);
        var sql = body.Text("sqlText") ?? throw new MalformedRequestException("sqlText is missing.");
        var requestId = request.Query["requestId"].ToString() is { Length: > 0 and <= 100 } given ? given : throw new MalformedRequestException("requestId is missing, or longer than 100 characters.");
        var (describe, wanted) = (body.Flag("describeOnly"), Count(body, session));
        var bindings = body.Member("bindings");
        var query = session.Queries.Start(requestId, sql, stop => GuardedAsync(RunAsync(session.Engine, answers, sql, bindings, describe, wanted, stop)));
        if (query is null) return SessionEndpoints.Refused("390111");
        return body.Flag("asyncExec") ? Answers.InProgress(query, "333334") : await answers.OfAsync(request, session, query, -1, cancellationToken);
    }

    // A fault of this program's own is the statement's error: what HTTP calls a fault of the server drivers send again and again.
    private static async Task<IReadOnlyList<QueryResult>> GuardedAsync(Task<IReadOnlyList<QueryResult>> running)
    {
        try
        {
            return await running;
        }
        catch (Exception error) when (error is not (SnowflakeException or MalformedRequestException or OperationCanceledException))
        {
            throw new SnowflakeException("000603", "XX000", $"SQL execution internal error: {error.Message}", error);
        }
    }

    private static async Task<IReadOnlyList<QueryResult>> RunAsync(LocalSession engine, Answers answers, string sql, JsonElement bindings, bool describe, int wanted, CancellationToken stop)
    {
        // What is refused before the engine works is the statement's failure too, and not the request's.
        await Task.Yield();
        if (sql.Length > MaxStatementChars) throw SnowflakeException.Unsupported("a text of more than 1 MB, Snowflake's own limit");
        var statements = LocalSession.Split(sql);
        if (statements.Count == 0) statements = [""];
        if (wanted != 0 && statements.Count != wanted)
            throw new SnowflakeException("000008", "0A000", $"Actual statement count {statements.Count} did not match the desired statement count {wanted}.");
        var binds = Binds.Read(bindings);
        if (statements.Count > 1 && binds.Count > 0) throw SnowflakeException.Unsupported("bound values for several statements");
        List<QueryResult> results = [];
        try
        {
            foreach (var statement in statements)
            {
                results.Add(answers.Empty());
                results[^1].End(await engine.ExecuteAsync(statement, results[^1], binds, describe, stop));
            }
            return results;
        }
        catch
        {
            foreach (var result in results) result.Release();
            throw;
        }
    }

    // 1 unless the request or ALTER SESSION says otherwise; 0 is any number.
    private static int Count(JsonElement body, EmulatorSession session)
    {
        const string name = "MULTI_STATEMENT_COUNT";
        var value = body.Member("parameters").Member(name) is { ValueKind: JsonValueKind.Number or JsonValueKind.String } given ? RequestBody.Whole(given.ToString, name) : session.Engine.Parameter(name) ?? "1";
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : throw new MalformedRequestException($"{name} must be a number from 0.");
    }

    private static async Task<IResult> ReadAsync(string id, HttpRequest request, SessionStore sessions, Answers answers, CancellationToken cancellationToken)
    {
        var (session, refused) = sessions.Find(SessionEndpoints.Token(request));
        if (session is null) return SessionEndpoints.Refused(refused!);
        return session.Queries.OfId(id) is { } found
            ? await answers.OfAsync(request, session, found.Query, found.Part, cancellationToken)
            : Envelope.Failure("000709", $"Statement {id} not found", Answers.ErrorData(id, "02000"));
    }

    private static async Task<IResult> StopAsync(HttpRequest request, SessionStore sessions, CancellationToken cancellationToken)
    {
        var (session, refused) = sessions.Find(SessionEndpoints.Token(request));
        if (session is null) return SessionEndpoints.Refused(refused!);
        var body = await RequestBody.ReadAsync(request, cancellationToken);
        var requestId = body.Text("requestId") ?? throw new MalformedRequestException("requestId is missing.");
        if (session.Queries.OfRequest(requestId) is not { Results.IsCompleted: false } query)
            return Envelope.Failure("000605", "Identified SQL statement is not currently executing.", Answers.ErrorData("", "02000"));
        query.Stop();
        return Envelope.Success();
    }

    private static IResult Watch(string id, HttpRequest request, SessionStore sessions)
    {
        var (session, refused) = sessions.Find(SessionEndpoints.Token(request));
        if (session is null) return SessionEndpoints.Refused(refused!);
        if (session.Queries.OfId(id) is not { } found) return Envelope.Success(new JsonObject { ["queries"] = new JsonArray() });
        var error = found.Query.Results.Exception?.InnerException as SnowflakeException;
        var status = !found.Query.Results.IsCompleted ? "RUNNING" : error is null ? "SUCCESS" : "FAILED_WITH_ERROR";
        return Envelope.Success(new JsonObject
        {
            ["queries"] = new JsonArray(new JsonObject
            {
                ["id"] = id, ["status"] = status, ["state"] = status, ["errorCode"] = error?.Code, ["errorMessage"] = error?.Message, ["sqlText"] = found.Query.Sql,
            }),
        });
    }
}
