using Sophia.Api.Problems;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Search;

namespace Sophia.Tests.Api;

public sealed class ProblemMapTests
{
    public static TheoryData<RefusedException, TimeSpan> NotThere => new()
    {
        { new RefusedException("shard-loading", "It is not there.", "Ask again."), TimeSpan.FromSeconds(1) },
        { new NoRoomException("It is not there.", "Ask again.", TimeSpan.FromMinutes(4)), TimeSpan.FromMinutes(4) },
    };

    [Theory]
    [MemberData(nameof(NotThere))]
    public void A_shard_that_is_not_there_says_when_to_ask_again(RefusedException refusal, TimeSpan retryAfter)
    {
        var problem = ProblemMap.Of(refusal)!;

        Assert.Equal((503, refusal.Code, retryAfter), (problem.Status, problem.Code, problem.RetryAfter));
    }
}
