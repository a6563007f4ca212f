using Orleans.Runtime;
using Orleans.Runtime.Messaging;
using Sophia.Gpu.Grains;

namespace Sophia.GpuTier.Tests.Nodes;

public sealed class UnansweredTests
{
    private const string Inside = "Orleans.Runtime.Messaging.ConnectionFailedException: Unable to connect to S127.0.0.1:42739:155107413 at Orleans.Runtime.Messaging.ConnectionManager in /_/src/ConnectionManager.cs:line 142";

    [Fact]
    public void What_a_node_did_not_answer_for_is_said_by_kind_and_without_what_is_inside()
    {
        Exception[] errors = [new ConnectionFailedException(Inside), new TimeoutException(Inside), new IOException(Inside), new SiloUnavailableException(Inside), new OrleansException(Inside)];

        Assert.All(errors, static error => Assert.True(Unanswered.Is(error)));
        Assert.Equal(["could not be reached", "did not answer in time", "could not be reached", "is gone", "did not answer"], errors.Select(Unanswered.Say));
    }

    [Fact]
    public void Of_a_node_that_answered_that_it_does_not_know_the_question_it_is_not_said_that_it_did_not_answer() =>
        Assert.Equal("answered with an error, and may be of a version that does not know the question", Unanswered.Say(new InvalidOperationException(Inside)));
}
