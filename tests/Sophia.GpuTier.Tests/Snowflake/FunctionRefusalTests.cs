using Sophia.GpuTier.Snowflake;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.GpuTier.Tests.Snowflake;

public sealed class FunctionRefusalTests
{
    public static TheoryData<Exception, int, string> Passing => new()
    {
        { new StoreUnavailableException("PostgreSQL does not answer now."), 503, "store-unavailable" },
        { new StoreFullException("The disk is full."), 503, "store-full" },
        { new EmbedderUnavailableException("m", "busy", TimeSpan.FromSeconds(3)), 503, "embedder-unavailable" },
        { new RefusedException("shard-loading", "It is loading.", "Wait."), 503, "shard-loading" },
        { new RefusedException("sequence-not-reached", "Not yet.", "Wait."), 503, "sequence-not-reached" },
        { NoRoom, 503, "shard-no-room" },
        { new BatchRefusedException(429, "busy", "Too much at once.", "Come again.") { RetryAfter = TimeSpan.FromSeconds(1) }, 429, "busy" },
    };

    public static TheoryData<Exception, int, string> Lasting => new()
    {
        { new RefusedException("model-not-available", "The model is not here.", "Configure it."), 409, "model-not-available" },
        { new RefusedException("too-large", "The answer is too large.", "Ask for fewer hits."), 413, "too-large" },
        { new RefusedException("vector-dimension-mismatch", "Other length.", "Send 256."), 422, "vector-dimension-mismatch" },
        { new RefusedException("vector-not-accepted", "It has no vectors.", "Send a text."), 422, "vector-not-accepted" },
        { new RefusedException("invalid-vector", "It is all zeros.", "Send another."), 422, "invalid-vector" },
        { new RefusedException("invalid-request", "It says nothing.", "Say something."), 400, "invalid-request" },
        { new EmbedderAnswerException("m", "NaN", "Look at the model."), 502, "embedder-answer-invalid" },
        { new InvalidOperationException("A bug."), 500, "internal-error" },
    };

    private static NoRoomException NoRoom => new("No node has room.", "Give a node more.", TimeSpan.FromMinutes(4));

    // Snowflake tries again after 429 and 503 alone, and fails the query at anything else.
    [Theory]
    [MemberData(nameof(Passing))]
    public void What_passes_by_itself_is_a_status_that_Snowflake_tries_again(Exception error, int status, string code)
    {
        var refusal = FunctionRefusal.Of(error);

        Assert.Equal((status, code), (refusal.Status, refusal.Code));
        Assert.True(refusal.RetryAfter > TimeSpan.Zero);
    }

    [Theory]
    [MemberData(nameof(Lasting))]
    public void What_lasts_is_a_status_that_ends_the_query(Exception error, int status, string code)
    {
        var refusal = FunctionRefusal.Of(error);

        Assert.Equal((status, code), (refusal.Status, refusal.Code));
        Assert.Null(refusal.RetryAfter);
    }

    [Fact]
    public void A_shard_without_room_is_asked_for_again_when_it_is_tried_again() => Assert.Equal(TimeSpan.FromMinutes(4), FunctionRefusal.Of(NoRoom).RetryAfter);

    [Fact]
    public void A_refusal_has_the_form_that_the_API_gives_it()
    {
        var problem = FunctionProblem.Of(FunctionRefusal.Of(NoRoom), "1f");

        Assert.Equal(new FunctionProblem("urn:sophia:problem:shard-no-room", "Shard no room", 503, "No node has room.", "shard-no-room", "Give a node more.", "1f"), problem);
    }
}
