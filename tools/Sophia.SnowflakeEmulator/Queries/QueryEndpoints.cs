using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sophia.Snowflake.Local;
using Sophia.SnowflakeEmulator.Sessions;

namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>Statements: start, wait, read again, stop.</summary>
internal static class QueryEndpoints
{
    private const int Multiple = 0xA000;

    public static void MapQueries(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/queries/v1/query-request", StartAsync);
        routes.MapGet("/queries/{id}/result", ReadAsync);
        routes.MapPost("/queries/v1/abort-request", StopAsync);
        routes.MapGet("/monitoring/queries/{id}", Watch);
    }

    private static async Task<IResult> StartAsync(HttpRequest request, SessionStore sessions, EmulatorOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var (session, refused) = sessions.Find(SessionEndpoints.Token(request));
        if (session is null) return SessionEndpoints.Refused(refused!);
        var body = await RequestBody.ReadAsync(request, cancellationToken);
        var sql = body.Text("sqlText") ?? throw new MalformedRequestException("sqlText is missing.");
        var requestId = request.Query["requestId"].ToString() is { Length: > 0 and <= 100 } given ? given : throw new MalformedRequestException("requestId is missing, or longer than 100 characters.");
        var (describe, wanted) = (body.Flag("describeOnly"), Count(body, session));
        var bindings = body.Member("bindings");
        var query = session.Queries.Start(requestId, sql, stop => RunAsync(session.Engine, sql, bindings, describe, wanted, stop));
        return body.Flag("asyncExec") ? InProgress(query, "333334") : await AnswerAsync(session, query, -1, options, time, cancellationToken);
    }

    private static async Task<IReadOnlyList<LocalResult>> RunAsync(LocalSession engine, string sql, JsonElement bindings, bool describe, int wanted, CancellationToken stop)
    {
        // What is refused before the engine works is the statement's failure too, and not the request's.
        await Task.Yield();
        var statements = LocalSession.Split(sql);
        if (statements.Count == 0) statements = [""];
        if (wanted != 0 && statements.Count != wanted)
            throw new SnowflakeException("000008", "0A000", $"Actual statement count {statements.Count} did not match the desired statement count {wanted}.");
        var binds = Binds.Read(bindings);
        if (statements.Count > 1 && binds.Count > 0) throw SnowflakeException.Unsupported("bound values for several statements");
        var results = new LocalResult[statements.Count];
        for (var i = 0; i < results.Length; i++) results[i] = await engine.ExecuteAsync(statements[i], binds, describe, stop);
        return results;
    }

    // 1 unless the request or ALTER SESSION says otherwise; 0 is any number.
    private static int Count(JsonElement body, EmulatorSession session)
    {
        const string name = "MULTI_STATEMENT_COUNT";
        var value = body.Member("parameters").Member(name) is { ValueKind: JsonValueKind.Number or JsonValueKind.String } given ? given.ToString() : session.Engine.Parameter(name) ?? "1";
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : throw new MalformedRequestException($"{name} must be a number from 0.");
    }

    private static async Task<IResult> ReadAsync(string id, HttpRequest request, SessionStore sessions, EmulatorOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var (session, refused) = sessions.Find(SessionEndpoints.Token(request));
        if (session is null) return SessionEndpoints.Refused(refused!);
        return session.Queries.OfId(id) is { } found
            ? await AnswerAsync(session, found.Query, found.Part, options, time, cancellationToken)
            : Envelope.Failure("000709", $"Statement {id} not found", ErrorData(id, "02000"));
    }

    private static async Task<IResult> StopAsync(HttpRequest request, SessionStore sessions, CancellationToken cancellationToken)
    {
        var (session, refused) = sessions.Find(SessionEndpoints.Token(request));
        if (session is null) return SessionEndpoints.Refused(refused!);
        var body = await RequestBody.ReadAsync(request, cancellationToken);
        var requestId = body.Text("requestId") ?? throw new MalformedRequestException("requestId is missing.");
        if (session.Queries.OfRequest(requestId) is not { Results.IsCompleted: false } query)
            return Envelope.Failure("000605", "Identified SQL statement is not currently executing.", ErrorData("", "02000"));
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

    private static IResult InProgress(RunningQuery query, string code) =>
        Envelope.Success(new JsonObject { ["queryId"] = query.Id, ["getResultUrl"] = $"/queries/{query.Id}/result", ["progressDesc"] = null, ["queryAbortsAfterSecs"] = 300 }, code);

    private static async Task<IResult> AnswerAsync(EmulatorSession session, RunningQuery query, int part, EmulatorOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var results = await query.Results.WaitAsync(options.AnswerWithin, time, cancellationToken);
            if (results.Count == 1) return Envelope.Success(Rows(session, query.Id, results[0]));
            if (part >= 0) return Envelope.Success(Rows(session, QueryLog.PartId(query, part), results[part]));
            session.Queries.NameParts(query, results.Count);
            var all = Rows(session, query.Id, LocalResult.Status(Multiple, "Multiple statements executed successfully."));
            all["resultIds"] = string.Join(',', Enumerable.Range(0, results.Count).Select(i => QueryLog.PartId(query, i)));
            all["resultTypes"] = string.Join(',', results.Select(static r => r.StatementType.ToString(CultureInfo.InvariantCulture)));
            return Envelope.Success(all);
        }
        catch (TimeoutException) when (!query.Results.IsCompleted) { return InProgress(query, "333333"); }
        catch (SnowflakeException error) { return Envelope.Failure(error.Code, error.Message, ErrorData(query.Id, error.SqlState)); }
    }

    private static JsonObject ErrorData(string queryId, string sqlState) =>
        new() { ["internalError"] = false, ["errorCode"] = null, ["age"] = 0, ["sqlState"] = sqlState, ["queryId"] = queryId, ["line"] = -1, ["pos"] = -1, ["type"] = "COMPILATION" };

    private static JsonObject Rows(EmulatorSession session, string queryId, LocalResult result)
    {
        var rows = new JsonArray();
        foreach (var row in result.Rows)
        {
            var cells = new JsonArray();
            for (var i = 0; i < row.Length; i++) cells.Add((JsonNode?)Cells.Text(result.Columns[i], row[i]));
            rows.Add((JsonNode)cells);
        }
        return new JsonObject
        {
            ["parameters"] = SessionEndpoints.ParameterList(), ["rowtype"] = new JsonArray([.. result.Columns.Select(Cells.RowType)]), ["rowset"] = rows,
            ["total"] = result.Rows.Count, ["returned"] = result.Rows.Count, ["queryId"] = queryId, ["queryResultFormat"] = "json", ["sqlState"] = "00000",
            ["statementTypeId"] = result.StatementType, ["databaseProvider"] = null, ["version"] = 1, ["numberOfBinds"] = 0, ["arrayBindSupported"] = true,
            ["finalDatabaseName"] = LocalSnowflake.Database, ["finalSchemaName"] = session.Engine.Schema,
            ["finalWarehouseName"] = session.Engine.Warehouse, ["finalRoleName"] = session.Engine.Role,
        };
    }
}
