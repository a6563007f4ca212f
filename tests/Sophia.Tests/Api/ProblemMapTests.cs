using Sophia.Api.Problems;
using Sophia.Memory.Hierarchy;

namespace Sophia.Tests.Api;

public sealed class ProblemMapTests
{
    [Theory]
    [InlineData("shard-loading")]
    [InlineData("shard-no-room")]
    public void A_shard_that_is_not_there_says_when_to_ask_again(string code)
    {
        var problem = ProblemMap.Of(new RefusedException(code, "It is not there.", "Ask again."))!;

        Assert.Equal((503, code), (problem.Status, problem.Code));
        Assert.True(problem.RetryAfter >= TimeSpan.FromSeconds(1));
    }
}
