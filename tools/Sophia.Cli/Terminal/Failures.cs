using System.Text.Json;
using System.Text.Json.Nodes;
using Sophia.Client;

namespace Sophia.Cli.Terminal;

/// <summary>What went wrong, as the user reads it and as the shell gets it.</summary>
/// <param name="Code">Stable; the service's own code where it said one.</param>
internal sealed record Failure(int ExitCode, string Code, string Message, string? Suggestion, int? Status = null, string? TraceId = null)
{
    /// <summary>404 without a code of the service: it says nothing of what Sophia holds.</summary>
    private const string NobodysNotFound = "http-404";

    /// <summary>Null: not a failure that a command expects; it is a defect and is to be seen as one.</summary>
    public static Failure? Of(Exception exception, Uri? service, bool cancelled) => exception switch
    {
        OperationCanceledException when cancelled =>
            new Failure(ExitCodes.Interrupted, "interrupted", "Interrupted.", null),
        OperationCanceledException =>
            new Failure(ExitCodes.Unavailable, "timeout", $"{service} did not answer in time.", "Look at the service's log, or try again."),
        UsageException e => new Failure(ExitCodes.Usage, "usage", e.Message, e.Suggestion),
        ArgumentException e => new Failure(ExitCodes.Usage, "usage", e.Message, null),
        SophiaApiException e => new Failure(
            e.Status switch { 404 when e.Code == NobodysNotFound => ExitCodes.Unavailable, 404 => ExitCodes.NotFound, >= 500 => ExitCodes.Unavailable, _ => ExitCodes.Refused },
            e.Code, WithFields(e),
            e.Suggestion ?? e switch
            {
                { Status: 401 } => "Give a key with --api-key or SOPHIA_API_KEY.",
                { Code: NobodysNotFound } => "It is not Sophia that answers there: look at --url.",
                _ => null,
            }, e.Status, e.TraceId),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } e => new Failure(
            ExitCodes.Unavailable, "not-sophia", $"{service} answered, but not as Sophia does: {e.Message}", "Look at --url."),
        HttpRequestException e => new Failure(
            ExitCodes.Unavailable, "unreachable", $"Cannot reach {service}: {e.Message}", "Start it with ./run.sh, or say where it is with --url or SOPHIA_URL."),
        Import.InvalidLineException => new Failure(ExitCodes.Refused, "invalid-line", exception.Message, "Mend the line, or leave --strict away to pass over it."),
        // Of answers it is said otherwise; this is about what was to be sent.
        JsonException e => new Failure(ExitCodes.Usage, "usage", $"What was given cannot be sent: {e.Message}", null),
        InvalidDataException => new Failure(ExitCodes.Usage, "file", $"The file is damaged: {exception.Message}", "Look at it with gzip --test."),
        IOException or UnauthorizedAccessException => new Failure(ExitCodes.Usage, "file", exception.Message, null),
        _ => null,
    };

    // With one field the service's detail says it already.
    private static string WithFields(SophiaApiException e) =>
        string.Join(' ', [e.Message, .. e.Errors.Select(f => $"{f.Path}: {f.Message}").Where(f => !e.Message.Contains(f, StringComparison.Ordinal))]);

    public void Write(TextWriter error, bool asJson)
    {
        if (asJson)
        {
            var fields = new JsonObject { ["code"] = Code, ["message"] = Message };
            if (Status is { } status) fields["status"] = status;
            if (Suggestion is { } suggestion) fields["suggestion"] = suggestion;
            if (TraceId is { } traceId) fields["traceId"] = traceId;
            error.WriteLine(CliJson.Text(new JsonObject { ["error"] = fields }));
        }
        else
        {
            error.WriteLine($"sophia: {Styles.OneLine(Message, 2000)}{(Status is null ? "" : $" ({Code})")}");
            if (Suggestion is { } suggestion) error.WriteLine($"  → {Styles.OneLine(suggestion, 2000)}");
            if (TraceId is { } traceId) error.WriteLine($"  trace {Styles.OneLine(traceId, 200)}");
        }
        error.Flush();
    }
}
