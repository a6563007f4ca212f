using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.GpuTier.Snowflake;

/// <summary>What Snowflake is told of an exception: the statuses are those of the API, since any of them answers a batch of any other.</summary>
/// <param name="RetryAfter">With 429 and 503, which Snowflake tries again.</param>
internal readonly record struct FunctionRefusal(int Status, string Code, string Detail, string Suggestion, TimeSpan? RetryAfter = null)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1), Later = TimeSpan.FromSeconds(30);

    public static FunctionRefusal Of(Exception error) => error switch
    {
        BatchRefusedException e => new(e.Status, e.Code, e.Message, e.Suggestion, e.RetryAfter),
        BadHttpRequestException e => new(e.StatusCode, e.StatusCode == 413 ? "too-large" : "invalid-request", e.Message, "Send what Snowflake sends, or less at once."),
        StoreUnavailableException e => new(503, "store-unavailable", e.Message, "Try again after the delay.", Soon),
        StoreFullException e => new(503, "store-full", e.Message, "Make room on the store's disk.", Later),
        EmbedderUnavailableException e => Refused(503, e, e.RetryAfter),
        EmbedderAnswerException e => Refused(502, e),
        RefusedException { Code: "shard-loading" or "sequence-not-reached" } e => Refused(503, e, Soon),
        NoRoomException e => Refused(503, e, e.RetryAfter),
        RefusedException { Code: "model-not-available" } e => Refused(409, e),
        RefusedException { Code: "too-large" } e => Refused(413, e),
        RefusedException { Code: "vector-dimension-mismatch" or "vector-not-accepted" or "invalid-vector" } e => Refused(422, e),
        RefusedException e => Refused(400, e),
        _ => new(500, "internal-error", "The node failed at this request.", "Report the trace id."),
    };

    private static FunctionRefusal Refused(int status, RefusedException e, TimeSpan? retryAfter = null) => new(status, e.Code, e.Message, e.Suggestion, retryAfter);
}
