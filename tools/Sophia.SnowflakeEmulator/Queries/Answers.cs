using System.Globalization;
using System.Text.Json.Nodes;
using Sophia.Snowflake.Local;
using Sophia.SnowflakeEmulator.Sessions;

namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>What the drivers get of a statement: its rows, its error, or that it is still at work.</summary>
internal sealed class Answers(EmulatorOptions options, TimeProvider time, ChunkSpace space, ChunkAddresses addresses)
{
    private const int Multiple = 0xA000;

    /// <summary>A result that takes rows.</summary>
    public QueryResult Empty() => new(options, space);

    /// <param name="part">Which result of several; -1 for the text as a whole.</param>
    public async Task<IResult> OfAsync(HttpRequest request, EmulatorSession session, RunningQuery query, int part, CancellationToken cancellationToken)
    {
        try
        {
            var results = await query.Results.WaitAsync(options.AnswerWithin, time, cancellationToken);
            if (results.Count == 1) return Rows(request, session, query.Id, results[0]);
            if (part >= 0) return Rows(request, session, QueryLog.PartId(query, part), results[part]);
            session.Queries.NameParts(query, results.Count);
            var all = Data(session, query.Id, Multiple, [new("status", "text")], 1);
            all["resultIds"] = string.Join(',', Enumerable.Range(0, results.Count).Select(i => QueryLog.PartId(query, i)));
            all["resultTypes"] = string.Join(',', results.Select(static r => r.StatementType.ToString(CultureInfo.InvariantCulture)));
            return Envelope.Success(all, "rowset", """[["Multiple statements executed successfully."]]"""u8);
        }
        catch (TimeoutException) when (!query.Results.IsCompleted) { return InProgress(query, "333333"); }
        catch (SnowflakeException error) { return Envelope.Failure(error.Code, error.Message, ErrorData(query.Id, error.SqlState)); }
    }

    public static IResult InProgress(RunningQuery query, string code) =>
        Envelope.Success(new JsonObject { ["queryId"] = query.Id, ["getResultUrl"] = $"/queries/{query.Id}/result", ["progressDesc"] = null, ["queryAbortsAfterSecs"] = 300 }, code);

    public static JsonObject ErrorData(string queryId, string sqlState) =>
        new() { ["internalError"] = false, ["errorCode"] = null, ["age"] = 0, ["sqlState"] = sqlState, ["queryId"] = queryId, ["line"] = -1, ["pos"] = -1, ["type"] = "COMPILATION" };

    private IResult Rows(HttpRequest request, EmulatorSession session, string queryId, QueryResult result)
    {
        var data = Data(session, queryId, result.StatementType, result.Columns, result.Total);
        if (result.Chunks.Count > 0)
        {
            if (addresses.Of(result) is not { } key) return Envelope.Failure("000709", $"Statement {queryId} not found", ErrorData(queryId, "02000"));
            data["chunks"] = request.Addresses(result, key);
        }
        return Envelope.Success(data, "rowset", result.First.Span);
    }

    private static JsonObject Data(EmulatorSession session, string queryId, int statementType, IReadOnlyList<LocalColumn> columns, long total) => new()
    {
        ["parameters"] = SessionEndpoints.ParameterList(), ["rowtype"] = new JsonArray([.. columns.Select(Cells.RowType)]),
        // "returned" counts the rows of the chunks too.
        ["total"] = total, ["returned"] = total, ["queryId"] = queryId, ["queryResultFormat"] = "json", ["sqlState"] = "00000",
        ["statementTypeId"] = statementType, ["databaseProvider"] = null, ["version"] = 1, ["numberOfBinds"] = 0, ["arrayBindSupported"] = true,
        ["finalDatabaseName"] = LocalSnowflake.Database, ["finalSchemaName"] = session.Engine.Schema,
        ["finalWarehouseName"] = session.Engine.Warehouse, ["finalRoleName"] = session.Engine.Role,
    };
}
