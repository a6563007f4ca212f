using System.Text.Json.Nodes;
using Microsoft.Net.Http.Headers;
using Sophia.Snowflake.Local;
using Sophia.SnowflakeEmulator.Login;

namespace Sophia.SnowflakeEmulator.Sessions;

/// <summary>Log-in, renewal, end and heartbeat of a session.</summary>
internal static class SessionEndpoints
{
    // Clients format with these what they show; rows travel as numbers whatever they say.
    private static readonly (string Name, JsonNode Value)[] Parameters =
    [
        ("DATE_OUTPUT_FORMAT", "YYYY-MM-DD"), ("TIME_OUTPUT_FORMAT", "HH24:MI:SS"), ("BINARY_OUTPUT_FORMAT", "HEX"), ("TIMEZONE", "UTC"),
        ("TIMESTAMP_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM"), ("TIMESTAMP_NTZ_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3"),
        ("TIMESTAMP_LTZ_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM"), ("TIMESTAMP_TZ_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM"),
        ("CLIENT_PREFETCH_THREADS", 4), ("CLIENT_TELEMETRY_ENABLED", false), ("CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", 0), ("CLIENT_SESSION_KEEP_ALIVE", false),
    ];

    public static JsonArray ParameterList() => new(Parameters.Select(static p => (JsonNode)new JsonObject { ["name"] = p.Name, ["value"] = p.Value.DeepClone() }).ToArray());

    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/session/v1/login-request", LoginAsync);
        routes.MapPost("/session/token-request", RenewAsync);
        routes.MapPost("/session", (HttpRequest request, SessionStore sessions) =>
        {
            var (session, code) = sessions.Find(Token(request));
            if (session is null) return Refused(code!);
            if (request.Query["delete"] == "true") sessions.Close(session);
            return Envelope.Success();
        });
        routes.MapPost("/session/heartbeat", (HttpRequest request, SessionStore sessions) =>
            sessions.Find(Token(request)) is (null, { } code) ? Refused(code) : Envelope.Success());
        routes.MapPost("/telemetry/send", static () => Envelope.Success());
    }

    /// <returns>What stands in <c>Authorization: Snowflake Token="…"</c>, or null.</returns>
    public static string? Token(HttpRequest request)
    {
        var value = request.Headers[HeaderNames.Authorization].ToString();
        const string start = "Snowflake Token=\"";
        return value.StartsWith(start, StringComparison.OrdinalIgnoreCase) && value.EndsWith('"') && value.Length > start.Length ? value[start.Length..^1] : null;
    }

    public static IResult Refused(string code) => code switch
    {
        "390112" => Envelope.Failure(code, "Authentication token has expired. The user must authenticate again."),
        "390113" => Envelope.Failure(code, "Master token not found. The user must authenticate again."),
        "390114" => Envelope.Failure(code, "Authentication token has expired. The user must authenticate again."),
        _ => Envelope.Failure(code, "Session no longer exists. New login required to access the service."),
    };

    private static async Task<IResult> LoginAsync(HttpRequest request, SessionStore sessions, Authentication authentication, EmulatorOptions options, CancellationToken cancellationToken)
    {
        var data = (await RequestBody.ReadAsync(request, cancellationToken)).Member("data");
        var (user, code, message) = authentication.Check(data);
        if (user is null) return Envelope.Failure(code, message);
        var query = request.Query;
        var session = sessions.Open(user.Name, Given(query["schemaName"]), Given(query["warehouse"]), Given(query["roleName"]));
        if (session is null) return Envelope.Failure("390195", $"There are {options.MaxSessions} sessions already; close one, or raise Emulator:MaxSessions.");
        return Envelope.Success(new JsonObject
        {
            ["token"] = session.Token, ["masterToken"] = session.MasterToken, ["sessionId"] = session.Id, ["serverVersion"] = "9.0.0",
            ["validityInSeconds"] = (long)options.SessionLifetime.TotalSeconds, ["masterValidityInSeconds"] = (long)options.MasterLifetime.TotalSeconds,
            ["displayUserName"] = user.Name.ToUpperInvariant(), ["parameters"] = ParameterList(),
            ["sessionInfo"] = new JsonObject
            {
                ["databaseName"] = LocalSnowflake.Database, ["schemaName"] = session.Engine.Schema, ["warehouseName"] = session.Engine.Warehouse, ["roleName"] = session.Engine.Role,
            },
        });
    }

    private static async Task<IResult> RenewAsync(HttpRequest request, SessionStore sessions, EmulatorOptions options, CancellationToken cancellationToken)
    {
        var body = await RequestBody.ReadAsync(request, cancellationToken);
        if (body.Text("requestType") is { } type && type != "RENEW") throw new MalformedRequestException($"requestType must be RENEW, not {type}.");
        var (session, code) = sessions.Renew(Token(request));
        return session is null ? Refused(code!) : Envelope.Success(new JsonObject
        {
            ["sessionToken"] = session.Token, ["masterToken"] = session.MasterToken, ["sessionId"] = session.Id,
            ["validityInSecondsST"] = (long)options.SessionLifetime.TotalSeconds, ["validityInSecondsMT"] = (long)options.MasterLifetime.TotalSeconds,
        });
    }

    private static string? Given(Microsoft.Extensions.Primitives.StringValues value) => string.IsNullOrEmpty(value) ? null : value.ToString();
}
