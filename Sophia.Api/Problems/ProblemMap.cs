using System.Collections.Frozen;
using Sophia.Memory.Cortex;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Api.Problems;

/// <summary>Which status a code has, and which problem an exception is.</summary>
internal static class ProblemMap
{
    private static readonly FrozenDictionary<string, int> Statuses = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["malformed-json"] = 400, ["invalid-request"] = 400, ["invalid-key"] = 400, ["invalid-namespace"] = 400,
        ["invalid-token"] = 400, ["invalid-cursor"] = 400,
        ["unauthenticated"] = 401, ["forbidden"] = 403, ["loopback-only"] = 403,
        ["not-found"] = 404, ["namespace-not-found"] = 404, ["session-not-found"] = 404,
        ["method-not-allowed"] = 405, ["request-timeout"] = 408,
        ["already-exists"] = 409, ["namespace-settings-fixed"] = 409, ["namespace-in-use"] = 409, ["session-closed"] = 409, ["log-trimmed"] = 410, ["mirror-off"] = 409, ["snowflake-unavailable"] = 503,
        ["model-not-configured"] = 409, ["model-not-found"] = 404, ["budget-exhausted"] = 402, ["model-answer-invalid"] = 502, ["model-unavailable"] = 503,
        ["model-not-available"] = 409, ["model-not-resident"] = 409, ["model-change-open"] = 409, ["model-change-not-possible"] = 409,
        ["precondition-failed"] = 412, ["too-large"] = 413, ["unsupported-media-type"] = 415,
        ["invalid-record"] = 422, ["vector-dimension-mismatch"] = 422, ["vector-not-accepted"] = 422, ["invalid-vector"] = 422,
        ["malformed-batch"] = 400, ["malformed-gzip"] = 400, ["malformed-header"] = 400, ["batch-id-missing"] = 400, ["batch-id-reused"] = 400,
        ["format-not-supported"] = 400, ["encoding-not-supported"] = 415, ["invalid-argument"] = 400, ["batch-not-found"] = 404, ["busy"] = 429, ["stopping"] = 503,
        ["idempotency-key-reused"] = 422, ["too-many-writes"] = 429, ["internal-error"] = 500, ["embedder-answer-invalid"] = 502, ["embedder-unavailable"] = 503,
        ["store-unavailable"] = 503, ["store-full"] = 503, ["sequence-not-reached"] = 503, ["shard-loading"] = 503, ["shard-no-room"] = 503,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Every code that this edge answers; docs/api.md names each.</summary>
    public static IEnumerable<string> Codes => Statuses.Keys;

    /// <summary>The status of a code; 422 for a refusal whose code this edge does not know yet.</summary>
    public static int StatusOf(string code) => Statuses.GetValueOrDefault(code, 422);

    /// <summary>The problem that an exception is, or null when it is a bug.</summary>
    public static Problem? Of(Exception exception) => exception switch
    {
        ProblemException e => e.Problem,
        TooManyWritesException e => Refused(e, e.RetryAfter),
        EmbedderUnavailableException e => Refused(e, e.RetryAfter),
        ModelUnavailableException e => Refused(e, e.RetryAfter),
        NoRoomException e => Refused(e, e.RetryAfter),
        SequenceNotReachedException e => Refused(e, TimeSpan.FromSeconds(1)),
        RefusedException e => Refused(e, DelayOf(e.Code)),
        StoreUnavailableException e => new Problem(503, "store-unavailable", e.Message, "Try again after the delay; nothing of this request was acknowledged.")
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        },
        StoreFullException e => new Problem(503, "store-full", e.Message, "Make room on the store's disk; reads go on meanwhile.")
        {
            RetryAfter = TimeSpan.FromSeconds(30),
        },
        BatchRefusedException e => new Problem(e.Status, e.Code, e.Message, e.Suggestion) { RetryAfter = e.RetryAfter },
        BadHttpRequestException e => OfStatus(e.StatusCode, e.Message),
        _ => null,
    };

    /// <summary>The problem of a bare status, as routing and the server set it.</summary>
    public static Problem OfStatus(int status, string? detail = null) => status switch
    {
        401 => new(status, "unauthenticated", detail ?? "The request names no key.", "Send Authorization: Bearer <key>."),
        403 => new(status, "forbidden", detail ?? "The request may not do this.", "Use a key with the right."),
        404 => new(status, "not-found", detail ?? "There is nothing at this address.", "See /docs for the addresses; in a key, write a slash as %2F."),
        405 => new(status, "method-not-allowed", detail ?? "The address does not take this method.", "See the Allow header, and /docs."),
        408 => new(status, "request-timeout", detail ?? "The request came too slowly.", "Send it again."),
        413 => new(status, "too-large", detail ?? "The body is too large.", "Send less at once."),
        415 => new(status, "unsupported-media-type", detail ?? "The body's media type is not taken here.", "Send application/json in UTF-8."),
        >= 500 => new(status, "internal-error", detail ?? "The service failed at this request.", "Report the trace id."),
        _ => new(status, "invalid-request", detail ?? "The request is not valid.", "See /docs."),
    };

    private static TimeSpan? DelayOf(string code) => code switch
    {
        "shard-loading" => TimeSpan.FromSeconds(1),
        "snowflake-unavailable" => TimeSpan.FromSeconds(30),
        _ => null,
    };

    private static Problem Refused(RefusedException e, TimeSpan? retryAfter) =>
        new(StatusOf(e.Code), e.Code, e.Message, e.Suggestion) { RetryAfter = retryAfter };
}
