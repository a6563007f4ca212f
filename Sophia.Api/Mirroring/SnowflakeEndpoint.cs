using System.Data.Common;
using System.Diagnostics;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Snowflake.Migrations;

namespace Sophia.Api.Mirroring;

/// <summary>/v1/snowflake: what waits for Snowflake, what it costs, the mirror's lag; pause, resume and flush.</summary>
internal sealed class SnowflakeEndpoint(SnowflakeWriter writer)
{
    private const string Tag = "Snowflake";
    private const int MaxBodyBytes = 4096;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoint = ActivatorUtilities.CreateInstance<SnowflakeEndpoint>(routes.ServiceProvider);
        routes.MapEdge("GET", "/v1/snowflake", Rights.Read, endpoint.GetAsync)
            .Describe(Tag, "GetSnowflake", "Shows what waits to be written to Snowflake, the mirror's lag, and what the flushes cost").Answers<SnowflakeAnswer>(200);
        routes.MapEdge("POST", "/v1/snowflake/flush", Rights.Admin, endpoint.FlushAsync)
            .Describe(Tag, "FlushSnowflake", "Writes now what waits, and waits for it").Answers<SnowflakeAnswer>(200).Refuses(400, 503);
        routes.MapEdge("POST", "/v1/snowflake/mirror", Rights.Admin, endpoint.PauseAsync)
            .Describe(Tag, "PauseMirror", "Stops the mirror of the log, or lets it go on, in every process of the service").Takes<MirrorBody>().Answers<SnowflakeAnswer>(200).Refuses(400, 409, 413, 415, 503);
    }

    public Task GetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        return AnswerAsync(context, start);
    }

    public async Task FlushAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        try
        {
            await writer.Flush.FlushAsync(context.RequestAborted);
        }
        catch (Exception error) when (error is DbException or TimeoutException or SchemaDriftException)
        {
            throw new RefusedException("snowflake-unavailable", $"Snowflake could not be written to: {error.Message}", "Look at GET /v1/snowflake; it is tried again by itself, and nothing is lost meanwhile.");
        }

        await AnswerAsync(context, start);
    }

    public async Task PauseAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        using var bytes = await RequestBody.ReadJsonAsync(context, MaxBodyBytes);
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow("paused");
            var paused = json.Truth("paused") ?? throw Refuse.Field("paused", "It is missing.", "Send true or false.");
            if (writer.Mirror is not { } mirror)
            {
                throw new RefusedException("mirror-off", "This service does not mirror its log.", "Set Sophia:Snowflake:Mirror, or ConnectionStrings:snowflake for an account.");
            }

            await mirror.PauseAsync(paused, context.RequestAborted);
        }

        await AnswerAsync(context, start);
    }

    private async Task AnswerAsync(HttpContext context, long start)
    {
        using var body = new JsonBody(1024);
        var json = body.Writer;
        var flush = writer.Flush.Report();
        json.WriteStartObject();
        json.WriteString("engine", writer.Engine);
        json.WriteStartObject("waiting");
        foreach (var (source, rows) in flush.Waiting)
        {
            json.WriteNumber(source, rows);
        }

        json.WriteEndObject();
        json.WriteTime("lastFlush", flush.LastFlush);
        json.WriteString("lastError", flush.LastError);
        json.WriteTime("retryAt", flush.RetryAt);
        json.WriteNumber("flushesLastDay", flush.FlushesLastDay);
        json.WriteNumber("creditsLastDay", flush.CreditsLastDay);
        json.WriteNumber("creditsPerDayAtMost", flush.CreditsPerDayAtMost);
        if (writer.Mirror?.Report() is { } mirror)
        {
            json.WriteStartObject("mirror");
            json.WriteBoolean("paused", mirror.Paused);
            json.WriteNumber("lagRows", mirror.Rows);
            json.WriteNumber("lagSeconds", Math.Round(mirror.Lag.TotalSeconds, 3));
            json.WriteNumber("mirrored", mirror.Mirrored);
            json.WriteNumber("stripped", mirror.Stripped);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("mirror");
        }

        json.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }
}
